//! Queues that live: their settings, what becomes of tickets and matches in them, and what a store of
//! them is asked.

mod acceptance;
mod admission;
mod backfill;
mod change;
mod effects;
mod erased;
mod matched;
mod result;
mod seats;
mod settings;
#[cfg(test)]
mod testing;
mod ticket;

pub use backfill::{Backfill, BackfillId, BackfillState, NewBackfill, OpenSeat};
pub use change::{
    Announced, ProposedMatch, ProposedTeam, QueueChange, QueueChanged, QueueReceipt, Who,
    WhyWaiting,
};
pub use effects::Share;
pub use matched::{
    BoardEffect, Match, MatchPlayer, MatchResult, MatchState, MatchTeam, RatingChange,
};
pub use settings::{BoardFeed, Feed, QueueSettings};
pub use ticket::{NewTicket, NewTicketPlayer, QueuedTicket, TicketEnd, TicketState};
