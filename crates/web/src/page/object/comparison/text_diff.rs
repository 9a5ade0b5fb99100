use fanlight_model::{LineChange, line_changes};

/// What differs between two texts, with some lines around it.
pub(in crate::page::object) struct TextDiff {
    pub(in crate::page::object) title: &'static str,
    /// What there is to say of it.
    pub(in crate::page::object) note: String,
    pub(in crate::page::object) lines: Vec<DiffLine>,
}

/// One line of a difference.
pub(in crate::page::object) struct DiffLine {
    /// `ins`, `del`, `same`, or `gap` for what was left out.
    pub(in crate::page::object) tag: &'static str,
    pub(in crate::page::object) text: String,
}

/// How many lines are shown around a change, and how many at most in all.
const AROUND: usize = 3;
const MOST: usize = 500;

impl TextDiff {
    pub(super) fn of(title: &'static str, before: Option<&str>, after: Option<&str>) -> Self {
        let (Some(before), Some(after)) = (before, after) else {
            let note = "One of the two is too long to be kept here.".to_owned();
            return Self { title, note, lines: Vec::new() };
        };
        let changes = line_changes(before, after);
        let count = |wanted: fn(&LineChange<'_>) -> bool| changes.iter().filter(|change| wanted(change)).count();
        let added = count(|change| matches!(change, LineChange::Added(_)));
        let removed = count(|change| matches!(change, LineChange::Removed(_)));
        if added + removed == 0 {
            return Self { title, note: "The same in both.".to_owned(), lines: Vec::new() };
        }
        let lines = |count: usize| if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
        let note = format!("{} added, {} removed.", lines(added), lines(removed));
        Self { title, note, lines: hunks(&changes) }
    }
}

fn hunks(changes: &[LineChange<'_>]) -> Vec<DiffLine> {
    let is_near: Vec<bool> = {
        let mut near = vec![false; changes.len()];
        for (place, change) in changes.iter().enumerate() {
            if !matches!(change, LineChange::Same(_)) {
                let end = (place + AROUND + 1).min(changes.len());
                near[place.saturating_sub(AROUND)..end].fill(true);
            }
        }
        near
    };
    let mut lines = Vec::new();
    let mut skipped = 0;
    for (change, is_near) in changes.iter().zip(is_near) {
        if !is_near {
            skipped += 1;
            continue;
        }
        gap(&mut lines, &mut skipped);
        if lines.len() >= MOST {
            lines.push(DiffLine { tag: "gap", text: "and more that is not shown".to_owned() });
            return lines;
        }
        let (tag, text) = match change {
            LineChange::Same(text) => ("same", text),
            LineChange::Removed(text) => ("del", text),
            LineChange::Added(text) => ("ins", text),
        };
        lines.push(DiffLine { tag, text: (*text).to_owned() });
    }
    gap(&mut lines, &mut skipped);
    lines
}

fn gap(lines: &mut Vec<DiffLine>, skipped: &mut usize) {
    let text = match std::mem::take(skipped) {
        0 => return,
        1 => "1 line that is the same".to_owned(),
        many => format!("{many} lines that are the same"),
    };
    lines.push(DiffLine { tag: "gap", text });
}
