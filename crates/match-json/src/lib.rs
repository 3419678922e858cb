//! The Match API from JSON to JSON, without HTTP: what rules, queues and tickets are on the wire, and a
//! whole request for matches with its reply.
//!
//! HTTP and Python speak the same JSON by this crate. It reads values that cannot be wrong and lists
//! every fault with its place; what the rules mean, and which matches there are, is `matchmaking`'s.

mod amount;
mod parts;
mod places;
mod reply;
mod request;
mod rules;
mod settings;
mod ticket;

#[cfg(feature = "openapi")]
mod schema;

pub use reply::{FormedMatchBody, FormedTeamBody, MatchReply, SeatBody, UnmatchedBody};
pub use request::{MAX_TICKETS, MatchRequest};
pub use rules::{EqualTeamsBody, RulesBody, TeamBody, TeamsBody, read_rules};
pub use settings::{BoardFeedBody, NewQueue, SettingsBody};
pub use ticket::{
    AttributesBody, MAX_AVOIDED, MAX_PARTY, TicketBody, attributes_body, read_ticket,
};

#[cfg(feature = "openapi")]
pub use schema::{
    MatchRequest as MatchRequestSchema, QueueSettings as QueueSettingsSchema,
    RatingSystem as RatingSystemSchema, Reason as ReasonSchema, Ticket as TicketSchema,
};
