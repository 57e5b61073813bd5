//! What insight may state, kind by kind, and what it takes for each to be found and to be false.
//!
//! A statement names a segment and a need, and some a service. It is judged each week from the fifth published one on. It
//! is **true** where a planted story makes it so for that segment, or for one below it, in that week; else it is **false**,
//! noise being no excuse. A story is **seen by the floor** where in one of its weeks the rows of its own segment show what
//! the kind is read from, and at least eight customers are involved: of a reason, that many are in its exact figure. It is
//! **found** where it is stated for its own segment in one of its weeks.
//!
//! What a department does by habit is so as well (`facts`): mostly elsewhere, many ways, or with nothing of ours. That
//! they go many ways is true too where exact counts say so.
//!
//! | kind | stated by | planted by | shown |
//! | --- | --- | --- | --- |
//! | slower | a reason: slower to move files, or to answer | `leaves`, `slower` | an effect of waits or transfers |
//! | came to us first | that reason | `leaves`, `spills` | its effect |
//! | failing | that reason | `fails`, three weeks or longer | its effect |
//! | reach | that reason | `reach` | its effect |
//! | front door | that reason | `front_door` | its effect |
//! | turned away | that reason | `turned_away` | its customers |
//! | leaves | a movement, of a need that we serve | `leaves`, `customers` | days elsewhere alone, now and before |
//! | comes back | the list of who came back | `comes_back` | who came back |
//! | unserved | the list of unserved needs | `unserved` | its days |
//! | unserved grows | a movement, of a need that we do not serve | `unserved`, `over_weeks` | days, now and before |
//! | spreads | an affair's trend: growing | `spreads`, one for each department | the service in two weeks |
//! | long elsewhere | an affair's stage: dependency | `relies` | the service in eight weeks |
//! | fling | an affair's stage: fling | `fling` | the service in two weeks |
//! | retire | the next conversation | `idle_client` of ours, more being elsewhere | ours with who has it running |
//! | guide | the next conversation | `scattered` | three services elsewhere |
//! | worked | did it work: more with us, or fewer | `decision`, `customers` | shares before, after and beside |

use elsewhere_collector::{insight::why::Reason, rollup::Facet};

/// What is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Ours takes longer.
    Slower,
    /// Tries at ours go on elsewhere.
    CameToUsFirst,
    /// Ours fails.
    Failing,
    /// Ours is for the office.
    Reach,
    /// More steps to sign in with us.
    FrontDoor,
    /// Our filter turns them away.
    TurnedAway,
    /// They leave.
    Leaves,
    /// They come back.
    ComesBack,
    /// We have nothing for it.
    Unserved,
    /// More and more need what we don't have.
    UnservedGrows,
    /// A service grows in a department.
    Spreads,
    /// Their work hangs on it.
    LongElsewhere,
    /// Came and went.
    Fling,
    /// Ours is idle.
    Retire,
    /// They go many ways.
    Guide,
    /// A decision worked.
    Worked,
}

impl Kind {
    /// All, in the order in which they are printed.
    pub const ALL: [Self; 16] = [
        Self::Slower,
        Self::CameToUsFirst,
        Self::Failing,
        Self::Reach,
        Self::FrontDoor,
        Self::TurnedAway,
        Self::Leaves,
        Self::ComesBack,
        Self::Unserved,
        Self::UnservedGrows,
        Self::Spreads,
        Self::LongElsewhere,
        Self::Fling,
        Self::Retire,
        Self::Guide,
        Self::Worked,
    ];

    /// As tables and `--show` spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slower => "slower",
            Self::CameToUsFirst => "came-to-us-first",
            Self::Failing => "failing",
            Self::Reach => "reach",
            Self::FrontDoor => "front-door",
            Self::TurnedAway => "turned-away",
            Self::Leaves => "leaves",
            Self::ComesBack => "comes-back",
            Self::Unserved => "unserved",
            Self::UnservedGrows => "unserved-grows",
            Self::Spreads => "spreads",
            Self::LongElsewhere => "long-elsewhere",
            Self::Fling => "fling",
            Self::Retire => "retire",
            Self::Guide => "guide",
            Self::Worked => "worked",
        }
    }

    /// What a reason states.
    pub const fn of(reason: Reason) -> Self {
        match reason {
            Reason::CameToUsFirst => Self::CameToUsFirst,
            Reason::SlowerToAnswer | Reason::SlowerToMove => Self::Slower,
            Reason::Failing => Self::Failing,
            Reason::Reach => Self::Reach,
            Reason::FrontDoor => Self::FrontDoor,
            Reason::TurnedAway => Self::TurnedAway,
        }
    }

    /// What a reason of this kind is read from.
    pub const fn facets(self) -> &'static [Facet] {
        match self {
            Self::Slower => &[Facet::Transfer, Facet::ServerWait],
            Self::CameToUsFirst => &[Facet::CameToUsFirst],
            Self::Failing => &[Facet::Failing],
            Self::Reach => &[Facet::Reach],
            Self::FrontDoor => &[Facet::SignIn],
            Self::TurnedAway => &[Facet::TurnedAway],
            _ => &[],
        }
    }
}
