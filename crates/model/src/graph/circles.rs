//! Circles: objects that wait for each other.

use super::Edge;

/// Marks the edges that are part of a circle: those whose ends lie in the same strongly connected component.
pub(super) fn mark(count: usize, edges: &mut [Edge]) {
    let mut search = Search {
        next: vec![Vec::new(); count],
        order: vec![None; count],
        low: vec![0; count],
        stack: Vec::new(),
        is_on_stack: vec![false; count],
        component: vec![0; count],
        visited: 0,
        components: 0,
    };
    for edge in edges.iter() {
        search.next[edge.from].push(edge.to);
    }
    for number in 0..count {
        if search.order[number].is_none() {
            search.visit(number);
        }
    }
    for edge in edges {
        edge.circular = search.component[edge.from] == search.component[edge.to];
    }
}

/// Tarjan's search. It goes as deep as there are nodes, of which a graph has few hundred.
struct Search {
    next: Vec<Vec<usize>>,
    order: Vec<Option<usize>>,
    low: Vec<usize>,
    stack: Vec<usize>,
    is_on_stack: Vec<bool>,
    component: Vec<usize>,
    visited: usize,
    components: usize,
}

impl Search {
    fn visit(&mut self, number: usize) {
        let order = self.visited;
        self.visited += 1;
        self.order[number] = Some(order);
        self.low[number] = order;
        self.stack.push(number);
        self.is_on_stack[number] = true;
        for other in self.next[number].clone() {
            match self.order[other] {
                None => {
                    self.visit(other);
                    self.low[number] = self.low[number].min(self.low[other]);
                }
                Some(seen) if self.is_on_stack[other] => self.low[number] = self.low[number].min(seen),
                Some(_) => {}
            }
        }
        if self.low[number] == order {
            while let Some(other) = self.stack.pop() {
                self.is_on_stack[other] = false;
                self.component[other] = self.components;
                if other == number {
                    break;
                }
            }
            self.components += 1;
        }
    }
}
