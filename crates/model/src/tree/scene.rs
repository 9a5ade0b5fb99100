use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Tree, TreeNode};

/// What of a tree somebody has chosen to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folds {
    /// Whether only what is not as it should be is shown, with its owners.
    pub only_unhealthy: bool,
    /// What is open, by its [`TreeNode::id`]; of one that stands for the rest of a kind, how much more of it.
    pub open: BTreeMap<String, usize>,
    /// What is closed.
    pub closed: BTreeSet<String>,
}

/// The part of a tree that is drawn, and where.
///
/// A tree grows from left to right. Each part is in the row of the first one below it, so that its beginning is where a
/// drawing begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene<'a> {
    /// What is drawn, in the order of a list in lists.
    pub placed: Vec<Placed<'a>>,
    /// How many columns and rows it has.
    pub columns: usize,
    /// How many rows.
    pub rows: usize,
    /// Whether there was no room for everything that somebody opened.
    pub full: bool,
}

/// Something that is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<'a> {
    /// What.
    pub shown: Shown<'a>,
    /// How deep in the tree, and so in which column.
    pub column: usize,
    /// In which row.
    pub row: usize,
    /// The place of its owner among what is drawn.
    pub owner: Option<usize>,
    /// How many parts below it are not drawn.
    pub hidden: usize,
    /// How many of those are not as they should be.
    pub hidden_unhealthy: usize,
    /// Whether there is anything below it.
    pub has_below: bool,
}

/// What is drawn in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown<'a> {
    /// A part of the tree.
    Node(&'a TreeNode),
    /// Others of a kind that one owner has many of.
    Rest {
        /// By what it is opened.
        id: String,
        /// The kind.
        kind: &'a str,
        /// How many.
        count: usize,
        /// How far it is opened already.
        opened: usize,
    },
}

impl<'a> Scene<'a> {
    /// How many parts are drawn without somebody asking for more.
    pub const USUAL: usize = 200;
    /// How many are drawn at most.
    pub const MOST: usize = 1200;
    /// How many of one kind and one owner are drawn.
    pub const GROUP: usize = 12;
    /// How many are of those that apply things themselves: they are what somebody looks for.
    pub const APPLIERS: usize = 60;
    /// How many more of them are drawn with each step.
    pub const STEP: usize = 100;

    /// What is drawn of a tree.
    pub fn of(tree: &'a Tree, folds: &Folds) -> Self {
        let mut stage = Stage::new(tree, folds);
        stage.open();
        stage.place()
    }
}

/// A tree while it is decided what of it is drawn.
struct Stage<'a, 'f> {
    tree: &'a Tree,
    folds: &'f Folds,
    /// What is directly below each part, as far as it is not left out.
    below: Vec<Vec<usize>>,
    /// How many parts each one is with all below it, and how many of those are not as they should be.
    sizes: Vec<(usize, usize)>,
    /// What is below each part that is open.
    opened: Vec<Option<Children<'a>>>,
    full: bool,
}

/// What is directly below a part: those that are drawn, and those of which only the number is.
struct Children<'a> {
    drawn: Vec<usize>,
    rests: Vec<(&'a str, Vec<usize>)>,
}

impl<'a, 'f> Stage<'a, 'f> {
    fn new(tree: &'a Tree, folds: &'f Folds) -> Self {
        let nodes = &tree.nodes;
        let mut sizes: Vec<_> = nodes.iter().map(|node| (1, usize::from(node.standing.is_unhealthy()))).collect();
        for place in (0..nodes.len()).rev() {
            let (size, unhealthy) = sizes[place];
            if let Some(parent) = nodes[place].parent {
                sizes[parent].0 += size;
                sizes[parent].1 += unhealthy;
            }
        }
        let mut below = vec![Vec::new(); nodes.len()];
        for (place, node) in nodes.iter().enumerate() {
            if let Some(parent) = node.parent
                && (!folds.only_unhealthy || sizes[place].1 > 0)
            {
                below[parent].push(place);
            }
        }
        Self { tree, folds, below, sizes, opened: nodes.iter().map(|_| None).collect(), full: false }
    }

    /// Decides what is open: what somebody opened, then what leads to trouble, then the rest, each from the root on, for as
    /// long as there is room.
    fn open(&mut self) {
        if self.tree.nodes.is_empty() {
            return;
        }
        let mut drawn = 1;
        for most_important in [true, false] {
            let mut next = VecDeque::from([0]);
            while let Some(place) = next.pop_front() {
                let node = &self.tree.nodes[place];
                let asked = self.is_asked_for(&node.id);
                let wanted = most_important == (asked || place == 0 || self.sizes[place].1 > 0);
                if self.opened[place].is_none() && wanted && !self.folds.closed.contains(&node.id) {
                    let children = self.children(place);
                    let cost = children.drawn.len() + children.rests.len();
                    let most = if asked || place == 0 { Scene::MOST } else { Scene::USUAL };
                    if drawn + cost <= most {
                        self.opened[place] = Some(children);
                        drawn += cost;
                    } else {
                        self.full |= asked;
                    }
                }
                if let Some(children) = &self.opened[place] {
                    next.extend(children.drawn.iter().copied());
                }
            }
        }
    }

    /// Whether somebody opened a part, or the rest of a kind directly below it.
    fn is_asked_for(&self, id: &str) -> bool {
        let from = self.folds.open.range(id.to_owned()..).map(|(opened, _)| opened);
        from.take_while(|opened| opened.starts_with(id))
            .any(|opened| *opened == id || opened[id.len()..].starts_with('-'))
    }

    /// Of very many of one kind those in trouble are drawn first.
    fn children(&self, place: usize) -> Children<'a> {
        let mut drawn = Vec::new();
        let mut rests = Vec::new();
        let kinds = self.below[place].chunk_by(|a, b| self.kind(*a) == self.kind(*b));
        for one in kinds {
            let applies = self.tree.nodes[one[0]].thing.flux().is_some();
            let usual = if applies { Scene::APPLIERS } else { Scene::GROUP };
            let most = usual + Scene::STEP * self.steps(place, self.kind(one[0]));
            if one.len() <= most + 1 {
                drawn.extend(one);
                continue;
            }
            let mut by_need = one.to_vec();
            by_need.sort_by_key(|child| self.sizes[*child].1 == 0);
            let rest = by_need.split_off(most);
            // They stay in their order.
            by_need.sort_unstable();
            drawn.extend(by_need);
            rests.push((self.kind(one[0]).1, rest));
        }
        Children { drawn, rests }
    }

    fn kind(&self, place: usize) -> (&'a str, &'a str) {
        let thing = &self.tree.nodes[place].thing;
        (&thing.group, &thing.kind)
    }

    /// How far the rest of a kind is opened.
    fn steps(&self, owner: usize, kind: (&str, &str)) -> usize {
        let steps = self.folds.open.get(&rest_id(&self.tree.nodes[owner].id, kind.1)).copied().unwrap_or_default();
        steps.min(Scene::MOST / Scene::STEP)
    }

    fn place(self) -> Scene<'a> {
        let mut scene = Scene { placed: Vec::new(), columns: 0, rows: 0, full: self.full };
        if !self.tree.nodes.is_empty() {
            self.put(0, 0, None, &mut scene);
        }
        scene
    }

    /// Draws a part in the next free row, and what is below it.
    fn put(&self, place: usize, column: usize, owner: Option<usize>, scene: &mut Scene<'a>) {
        let node = &self.tree.nodes[place];
        let children = self.opened[place].as_ref();
        let (size, unhealthy) = self.sizes[place];
        let own = usize::from(node.standing.is_unhealthy());
        let has_below = !self.below[place].is_empty();
        let (hidden, hidden_unhealthy) =
            if children.is_some() || !has_below { (0, 0) } else { (size - 1, unhealthy - own) };
        let me = scene.placed.len();
        let row = scene.rows;
        let shown = Shown::Node(node);
        scene.placed.push(Placed { shown, column, row, owner, hidden, hidden_unhealthy, has_below });
        scene.columns = scene.columns.max(column + 1);
        let Some(children) = children.filter(|_| has_below) else {
            scene.rows += 1;
            return;
        };
        for child in &children.drawn {
            self.put(*child, column + 1, Some(me), scene);
        }
        for (kind, rest) in &children.rests {
            let id = rest_id(&node.id, kind);
            let opened = self.folds.open.get(&id).copied().unwrap_or_default();
            let sum =
                |of: fn(&(usize, usize)) -> usize| rest.iter().map(|child| of(&self.sizes[*child])).sum::<usize>();
            let shown = Shown::Rest { id, kind, count: rest.len(), opened };
            let (row, owner, column) = (scene.rows, Some(me), column + 1);
            let (hidden, hidden_unhealthy) = (sum(|size| size.0), sum(|size| size.1));
            scene.placed.push(Placed { shown, column, row, owner, hidden, hidden_unhealthy, has_below: true });
            scene.columns = scene.columns.max(column + 1);
            scene.rows += 1;
        }
    }
}

fn rest_id(owner: &str, kind: &str) -> String {
    format!("{owner}-{kind}")
}

#[cfg(test)]
mod tests;
