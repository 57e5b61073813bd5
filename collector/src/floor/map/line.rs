//! Things that are in the places of a tree, lined up so that all that are in or below a place stand together.

use super::EVERYBODY;

/// The things, by their numbers.
#[derive(Clone, Debug)]
pub(in crate::floor) struct Line {
    things: Vec<usize>,
    /// Of each place.
    spans: Vec<Span>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Span {
    begin: usize,
    /// Where those directly in the place end.
    directly: usize,
    /// Where those below it end as well.
    end: usize,
}

impl Line {
    /// Of the things directly in each place, with the places right below each.
    pub(super) fn new(in_place: &[Vec<usize>], below: &[Vec<usize>]) -> Self {
        let mut line = Self { things: Vec::new(), spans: vec![Span::default(); in_place.len()] };
        line.enter(EVERYBODY, in_place, below);
        line
    }

    fn enter(&mut self, place: usize, in_place: &[Vec<usize>], below: &[Vec<usize>]) {
        let begin = self.things.len();
        self.things.extend(&in_place[place]);
        let directly = self.things.len();
        for place in &below[place] {
            self.enter(*place, in_place, below);
        }
        self.spans[place] = Span { begin, directly, end: self.things.len() };
    }

    /// Those directly in a place.
    pub(in crate::floor) fn directly_in(&self, place: usize) -> &[usize] {
        let span = self.spans[place];
        &self.things[span.begin..span.directly]
    }

    /// Those in a place or below it.
    pub(in crate::floor) fn in_or_below(&self, place: usize) -> &[usize] {
        let span = self.spans[place];
        &self.things[span.begin..span.end]
    }
}
