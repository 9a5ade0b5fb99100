use super::{Graph, Side, order};

/// Where the objects of a graph stand: in columns, what is needed left of what needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// How many columns there are.
    pub columns: usize,
    /// The height of the highest column, in half places.
    pub height: usize,
    /// Where each node stands.
    pub places: Vec<Place>,
    /// How each edge goes.
    pub wires: Vec<Wire>,
}

/// A place: the column from the left, and how far down, in halves of what one object takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The column.
    pub column: usize,
    /// Half places from the top; each object takes two.
    pub down: usize,
}

/// An edge between the places of its ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// The places that it passes in the columns between its ends, in this order.
    pub by: Vec<Place>,
    /// Whether it goes against the others, to the left or within a column, which only happens in circles.
    pub is_back: bool,
}

impl Layout {
    /// Places the objects of a graph: each as far from the middle as the longest way to it, and in each column so that few
    /// edges cross.
    pub fn of(graph: &Graph) -> Self {
        let columns = columns(graph);
        let count = columns.iter().max().map_or(0, |last| last + 1);
        let mut board = Board::new(count);
        for column in &columns {
            board.put(*column);
        }
        let mut wires = Vec::new();
        for edge in &graph.edges {
            let (from, to) = (columns[edge.from], columns[edge.to]);
            let between: Vec<_> = (from + 1..to).map(|column| board.put(column)).collect();
            let is_back = from >= to;
            if !is_back {
                let stops: Vec<_> = [edge.from].into_iter().chain(between.iter().copied()).chain([edge.to]).collect();
                board.links.extend(stops.windows(2).map(|pair| (pair[0], pair[1])));
            }
            wires.push((between, is_back));
        }
        let ranks = order::ranks(&board.stops, &board.links);
        let places = board.places(&ranks);
        Self {
            columns: count,
            height: board.stops.iter().map(|stops| 2 * stops.len()).max().unwrap_or_default(),
            wires: wires
                .into_iter()
                .map(|(by, is_back)| Wire { by: by.into_iter().map(|stop| places[stop]).collect(), is_back })
                .collect(),
            places: places[..columns.len()].to_vec(),
        }
    }
}

/// What takes up places: the objects by their numbers, then the stops of edges that pass by.
struct Board {
    /// The stops in each column.
    stops: Vec<Vec<usize>>,
    /// Which stops of neighbouring columns an edge connects.
    links: Vec<(usize, usize)>,
    count: usize,
}

impl Board {
    fn new(columns: usize) -> Self {
        Self { stops: vec![Vec::new(); columns], links: Vec::new(), count: 0 }
    }

    fn put(&mut self, column: usize) -> usize {
        let stop = self.count;
        self.count += 1;
        self.stops[column].push(stop);
        stop
    }

    /// Columns stand in the middle of the height.
    fn places(&self, ranks: &[usize]) -> Vec<Place> {
        let highest = self.stops.iter().map(Vec::len).max().unwrap_or_default();
        let mut places = vec![Place::default(); self.count];
        for (column, stops) in self.stops.iter().enumerate() {
            for stop in stops {
                places[*stop] = Place { column, down: highest - stops.len() + 2 * ranks[*stop] };
            }
        }
        places
    }
}

/// The column of each node, the leftmost being 0.
fn columns(graph: &Graph) -> Vec<usize> {
    let count = graph.nodes.len();
    // On the one side by those that need a node, on the other by those that it needs.
    let (mut needing, mut needed) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    for edge in &graph.edges {
        needing[edge.from].push(edge.to);
        needed[edge.to].push(edge.from);
    }
    let mut far = vec![None; count];
    for (number, node) in graph.nodes.iter().enumerate() {
        let towards = if node.side == Side::Needed { &needing } else { &needed };
        let is_ours = |other: usize| graph.nodes[other].side == node.side;
        distance(number, towards, &is_ours, &mut far, &mut vec![false; count]);
    }
    let far: Vec<usize> = far.into_iter().map(Option::unwrap_or_default).collect();
    let left = graph.on(Side::Needed).map(|(number, _)| far[number]).max().unwrap_or_default();
    let place = |(number, far): (usize, usize)| match graph.nodes[number].side {
        Side::Own => left,
        Side::Needed => left - far,
        Side::Needing => left + far,
    };
    far.into_iter().enumerate().map(place).collect()
}

/// The longest way from a node to the middle; a way that comes back to itself is none.
fn distance(
    number: usize,
    towards: &[Vec<usize>],
    is_ours: &dyn Fn(usize) -> bool,
    far: &mut [Option<usize>],
    is_on_the_way: &mut [bool],
) -> usize {
    if number == 0 {
        far[0] = Some(0);
        return 0;
    }
    if let Some(known) = far[number] {
        return known;
    }
    is_on_the_way[number] = true;
    let mut longest = 0;
    for other in &towards[number] {
        if (*other == 0 || is_ours(*other)) && !is_on_the_way[*other] {
            longest = longest.max(distance(*other, towards, is_ours, far, is_on_the_way));
        }
    }
    is_on_the_way[number] = false;
    far[number] = Some(longest + 1);
    longest + 1
}
