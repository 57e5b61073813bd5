//! What leads the page.

use super::{CameBack, History, Movement, reviewed::Reviewed};
use crate::{
    portfolio::Portfolio,
    published::{PublishedNeed, PublishedSegment},
};

/// The one thing to know this week; what nobody has called elsewhere is none.
#[derive(Debug)]
pub enum Headline<'w> {
    /// The segment now goes elsewhere more than to us, and did not four weeks ago.
    Crossed(&'w PublishedSegment, &'w PublishedNeed),
    /// The segment goes elsewhere more than to us, and more than before; whether it did four weeks ago too, or that
    /// can't be shown.
    Exceeding(&'w PublishedSegment, &'w PublishedNeed),
    /// The segment goes elsewhere more than before.
    Growing(&'w PublishedSegment, &'w PublishedNeed),
    /// The segment goes elsewhere more than before for a need that we do not serve.
    UnservedGrowing(&'w PublishedSegment, &'w PublishedNeed),
    /// Customers came back.
    CameBack(&'w PublishedSegment, &'w PublishedNeed),
    /// Nothing moved beyond its usual swing.
    Quiet,
    /// There are too few weeks to tell what is usual.
    TooEarly,
}

/// Weeks before this one that are needed to call a week quiet.
const WEEKS_TO_TELL: usize = 4;

impl<'w> Headline<'w> {
    pub(super) fn choose(
        history: &History<'w>,
        movements: &[Movement<'w>],
        came_back: &[CameBack<'w>],
        portfolio: &Portfolio,
    ) -> Self {
        let mut leading = movements.iter().filter(|movement| movement.is_reviewed());
        if let Some(movement) = leading.clone().find(|movement| movement.crossed()) {
            return Self::Crossed(movement.segment, movement.need);
        }
        if let Some(movement @ Movement { segment, need, .. }) = leading.next() {
            return match need.served {
                true if movement.exceeds() => Self::Exceeding(segment, need),
                true => Self::Growing(segment, need),
                false => Self::UnservedGrowing(segment, need),
            };
        }
        let reviewed = Reviewed::new(portfolio, history.this().week);
        match came_back.iter().find(|back| reviewed.knows(back.need)) {
            _ if history.weeks_before() < WEEKS_TO_TELL => Self::TooEarly,
            Some(back) => Self::CameBack(back.segment, back.need),
            None => Self::Quiet,
        }
    }
}
