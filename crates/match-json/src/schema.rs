//! What is read, for API documents alone: the domain has types of its own for it.
#![allow(
    dead_code,
    missing_docs,
    reason = "describes values that the domain reads and writes"
)]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

/// What a match is. Every rule but the teams may be missing.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    teams: Teams,
    /// How far ratings may be apart; as far as they like, if missing.
    rating: Option<RatingRule>,
    /// How far players may be from where the match is held; as far as they like, if missing.
    latency: Option<LatencyRule>,
    /// What players have to have in common, or not.
    #[schema(max_items = 32)]
    attributes: Option<Vec<AttributeRule>>,
    party: Option<PartyRule>,
    #[schema(inline)]
    clock: Option<Clock>,
}

/// So many teams of one kind, or a list of teams that differ, such as one hunter against four.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum Teams {
    /// So many of one kind.
    Equal(EqualTeams),
    /// Each by itself.
    Each(Vec<Team>),
}

/// Teams of one kind.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EqualTeams {
    /// How many.
    #[schema(minimum = 1, maximum = 32, default = 2, example = 2)]
    count: Option<usize>,
    /// Players at least.
    #[schema(minimum = 1, maximum = 64, example = 5)]
    min_size: usize,
    /// Players at the most; as many as at least, if missing.
    #[schema(minimum = 1, maximum = 64, example = 5)]
    max_size: Option<usize>,
    /// How many of each role a team has; in all at most `min_size`.
    #[schema(value_type = Option<BTreeMap<String, u32>>, example = json!({"tank": 1, "healer": 1, "damage": 3}))]
    roles: Option<BTreeMap<String, u32>>,
}

/// A team.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Players at least.
    #[schema(minimum = 1, maximum = 64, example = 5)]
    min_size: usize,
    /// Players at the most; as many as at least, if missing.
    #[schema(minimum = 1, maximum = 64, example = 5)]
    max_size: Option<usize>,
    /// How many of each role the team has; in all at most `min_size`.
    #[schema(value_type = Option<BTreeMap<String, u32>>, example = json!({"tank": 1, "healer": 1, "damage": 3}))]
    roles: Option<BTreeMap<String, u32>>,
}

/// How far ratings may be apart. The limit to the distance between the highest and the lowest rating of a
/// match's tickets is `spread + widen_per_s × seconds waited`, at most `max_spread`.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RatingRule {
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 100.0)]
    spread: f64,
    #[schema(minimum = 0, maximum = 1_000_000_000, default = 0, example = 10.0)]
    widen_per_s: Option<f64>,
    /// Without end, if missing.
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 500.0)]
    max_spread: Option<f64>,
    /// Distance allowed between the means of the best and the weakest team; any, if missing.
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 60.0)]
    max_team_gap: Option<f64>,
    #[schema(inline)]
    clock: Option<Clock>,
}

/// How far players may be from the region where the match is held. The limit, the same for all players of
/// a match, is `max_ms + widen_ms_per_s × seconds waited`, at most `ceiling_ms`.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyRule {
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 80.0)]
    max_ms: f64,
    #[schema(minimum = 0, maximum = 1_000_000_000, default = 0, example = 2.0)]
    widen_ms_per_s: Option<f64>,
    /// Without end, if missing.
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 200.0)]
    ceiling_ms: Option<f64>,
}

/// What the values of an attribute have to be to each other.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeRule {
    #[schema(pattern = "^[a-z0-9_-]{1,32}$", example = "mode")]
    name: String,
    #[schema(inline)]
    rule: Likeness,
}

/// What parties may be like.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyRule {
    /// Players of a party; as many as a team may have, if missing.
    #[schema(minimum = 1, maximum = 64, example = 5)]
    max_size: Option<usize>,
    /// Distance allowed between the best and the weakest of a party; any, if missing.
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 400.0)]
    max_spread: Option<f64>,
    /// Whether all teams have to be made of parties of the same sizes.
    #[schema(default = false, example = false)]
    mirrored: Option<bool>,
}

/// Whose waiting time widens the limits of a match: that of the ticket that has waited longest, or that
/// of the freshest.
#[derive(ToSchema)]
#[schema(example = "oldest")]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    Oldest,
    Newest,
}

/// All have the same values; none occurs in two tickets; or there is one that all have.
#[derive(ToSchema)]
#[schema(example = "equal")]
#[serde(rename_all = "lowercase")]
pub enum Likeness {
    Equal,
    Different,
    Overlap,
}

/// How results change ratings.
#[derive(ToSchema)]
#[schema(example = "weng-lin")]
#[serde(rename_all = "kebab-case")]
pub enum RatingSystem {
    WengLin,
    Glicko2,
    Elo,
    Trueskill,
}

/// What keeps a ticket from a match.
#[derive(ToSchema)]
#[schema(example = "rating_too_far")]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    PartyTooLarge,
    PartyConflict,
    TooFewPlayers,
    AttributesDiffer,
    Avoided,
    LatencyTooHigh,
    RatingTooFar,
    RolesUnfilled,
    PartiesDoNotFit,
    TeamGapTooWide,
    ServedLater,
}

/// The settings of a queue: its rules, and what else it needs. What is left out has its default, also
/// where the queue had another value.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "teams": {"count": 2, "min_size": 1, "max_size": 1},
    "rating": {"spread": 100, "widen_per_s": 10, "max_spread": 500},
    "acceptance_window_ms": 15_000,
}))]
pub struct QueueSettings {
    teams: Teams,
    /// How far ratings may be apart; as far as they like, if missing.
    rating: Option<RatingRule>,
    /// How far players may be from where the match is held; as far as they like, if missing.
    latency: Option<LatencyRule>,
    /// What players have to have in common, or not.
    #[schema(max_items = 32)]
    attributes: Option<Vec<AttributeRule>>,
    party: Option<PartyRule>,
    #[schema(inline)]
    clock: Option<Clock>,
    /// How long players have to accept a match; a match needs no acceptance, if missing. Who fills an open seat of a
    /// running one is not asked.
    #[schema(minimum = 100, maximum = 3_600_000, example = 15_000)]
    acceptance_window_ms: Option<u64>,
    /// How long a ticket waits at the most.
    #[schema(
        minimum = 100,
        maximum = 86_400_000,
        default = 600_000,
        example = 600_000
    )]
    ticket_ttl_ms: Option<u64>,
    #[schema(inline)]
    rating_system: Option<RatingSystem>,
    /// What results do on boards, each another.
    #[schema(max_items = 16)]
    boards: Option<Vec<BoardFeed>>,
    /// Written with a queue and ignored here, so that what was written can be sent again.
    #[schema(value_type = Option<Value>, example = "1v1")]
    queue: Option<Value>,
    /// Ignored, too.
    #[schema(value_type = Option<Value>, example = 0)]
    waiting_tickets: Option<Value>,
    /// Ignored, too.
    #[schema(value_type = Option<Value>, example = 0)]
    proposed_tickets: Option<Value>,
}

/// What results do on a board.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardFeed {
    #[schema(pattern = "^[a-z0-9][a-z0-9_-]{0,63}$", example = "weekly")]
    board: String,
    #[schema(inline)]
    submit: Submit,
}

/// What a board is given: the new rating in place of the score; the same less three deviations; 1 more for
/// a first place that is not shared; or these points more by placement.
#[derive(ToSchema)]
#[schema(example = "rating")]
#[serde(rename_all = "snake_case")]
pub enum Submit {
    Rating,
    CautiousRating,
    Wins,
    Points(Vec<f64>),
}

/// A party that wants a match.
#[derive(ToSchema)]
#[schema(as = NewTicket)]
pub struct Ticket {
    /// Made up, if missing.
    #[schema(pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "t1")]
    ticket_id: Option<String>,
    /// Each of them once.
    #[schema(min_items = 1, max_items = 64)]
    players: Vec<TicketPlayer>,
    /// Larger ones are served first.
    #[schema(default = 0, example = 0)]
    priority: Option<i32>,
    /// Players that nobody of the party wants to be in a match with.
    #[schema(value_type = Option<Vec<String>>, max_items = 100, example = json!([]))]
    avoid: Option<Vec<String>>,
}

/// One of a party.
#[derive(ToSchema)]
pub struct TicketPlayer {
    #[schema(format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: String,
    /// As the queue's results have it, if missing; a new player's at first, and where nothing is stored.
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 1510.0)]
    rating: Option<f64>,
    /// How well the rating is known, as a standard deviation.
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 80.0)]
    deviation: Option<f64>,
    /// What the player is willing to be; anything, if missing.
    #[schema(value_type = Option<Vec<String>>, max_items = 64, example = json!(["tank", "damage"]))]
    roles: Option<Vec<String>>,
    /// Round-trip times to regions.
    #[schema(value_type = Option<BTreeMap<String, f64>>, example = json!({"eu": 31.0, "us": 120.0}))]
    latencies_ms: Option<BTreeMap<String, f64>>,
    /// What else rules may speak of: text, or a list of texts.
    #[schema(value_type = Option<BTreeMap<String, Value>>, example = json!({"mode": "ranked"}))]
    attributes: Option<BTreeMap<String, Value>>,
}

/// A ticket, and how long it has waited.
#[derive(ToSchema)]
pub struct WaitingTicket {
    #[schema(pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "t1")]
    ticket_id: String,
    /// Seconds that it has waited.
    #[schema(minimum = 0, maximum = 1_000_000_000, default = 0, example = 12.5)]
    waited_s: Option<f64>,
    /// Each of them once.
    #[schema(min_items = 1, max_items = 64)]
    players: Vec<TicketPlayer>,
    /// Larger ones are served first.
    #[schema(default = 0, example = 0)]
    priority: Option<i32>,
    /// Players that nobody of the party wants to be in a match with.
    #[schema(value_type = Option<Vec<String>>, max_items = 100, example = json!([]))]
    avoid: Option<Vec<String>>,
}

/// Rules, and tickets that wait.
#[derive(ToSchema)]
pub struct MatchRequest {
    rules: Rules,
    /// No two of the same name, and nobody in two.
    #[schema(max_items = 100_000)]
    tickets: Vec<WaitingTicket>,
    #[schema(inline)]
    rating_system: Option<RatingSystem>,
}
