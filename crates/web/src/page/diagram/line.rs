use super::Node;

/// What connects two nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its way, as SVG writes it: <https://www.w3.org/TR/SVG2/paths.html#PathData>.
    pub(crate) path: String,
    /// How it is drawn: `dashed`, `hot`; may be empty.
    pub(crate) class: &'static str,
}

impl Line {
    /// From the right side of a node to the left side of one that is further to the right and not higher, along the lines
    /// to others there.
    pub(crate) fn elbow(from: &Node, to: &Node, class: &'static str) -> Self {
        const ROUND: u32 = 8;
        let (x1, y1) = (from.x + from.w, from.y + from.h / 2);
        let (x2, y2) = (to.x, to.y + to.h / 2);
        let bend = u32::midpoint(x1, x2);
        let path = if y2 <= y1 + ROUND {
            format!("M{x1} {y1}L{x2} {y2}")
        } else {
            let (down, out) = (y2 - ROUND, bend + ROUND);
            format!("M{x1} {y1}H{bend}V{down}Q{bend} {y2} {out} {y2}H{x2}")
        };
        Self { path, class }
    }

    /// From the right side of a node to the left side of another one.
    pub(crate) fn between(from: &Node, to: &Node, class: &'static str) -> Self {
        let (x1, y1) = (from.x + from.w, from.y + from.h / 2);
        let (x2, y2) = (to.x, to.y + to.h / 2);
        let middle = u32::midpoint(x1, x2);
        Self { path: format!("M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"), class }
    }
}
