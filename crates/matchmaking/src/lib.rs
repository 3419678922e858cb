//! Matchmaking, without HTTP and without disk: time and randomness are arguments, so the same input
//! gives the same matches.
//!
//! A [`Ticket`] is a party that wants a match. [`Rules`] say what a match is; [`form`] makes a [`Formation`]
//! by them, which is the matches made of tickets that wait and for each that is left the reason why, and
//! [`violations`] judges a match without a look at how it was made. A [`RatingSystem`] turns results into
//! [`Rating`]s. Around it are queues that live longer than a call: their [`QueueSettings`], what becomes
//! of tickets and matches in them ([`QueueChange`]), and the [`MatchStore`] that keeps all of it.
//! [`simulate`] tries a queue out before anybody waits in it.

mod check;
mod contradictions;
mod error;
mod formation;
pub mod lately;
mod names;
mod queue;
mod rating;
mod rules;
pub mod simulate;
mod store;
mod tally;
mod ticket;

pub use check::{filling_violations, violations};
pub use contradictions::{
    MAX_ATTRIBUTE_RULES, MAX_MATCH_SIZE, MAX_ROLES, MAX_TEAM_SIZE, MAX_TEAMS, contradictions,
};
pub use error::{MatchError, RulesFault};
pub use formation::{
    Filled, Formation, FormedMatch, FormedTeam, Opening, Reason, Seat, Seated, Unmatched, Waiting,
    form, form_unexplained,
};
pub use names::{AttributeKey, AttributeText, MatchId, QueueId, Region, Role, TicketId};
pub use queue::*;
pub use rating::{Rating, RatingSystem};
pub use rules::{
    AttributeRule, Clock, LatencyRule, Likeness, PartyRule, RatingRule, Rules, TeamRule,
};
pub use store::{
    HistoryMark, MatchStore, PlayerRating, QueueInfo, QueueSnapshot, QueueStats, TicketView,
};
pub use tally::Tally;
pub use ticket::{Ticket, TicketPlayer};
