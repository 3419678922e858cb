//! From tickets that wait to matches: what goes in, what comes out.

mod assembly;
mod company;
mod crowds;
mod deadlock;
mod duel;
mod exchange;
mod figures;
mod funnel;
mod interning;
mod lanes;
mod lists;
mod neighbourhood;
mod openings;
mod party;
mod pool;
mod reasons;
mod roles;
mod search;
mod serving;
mod settle;
mod split;
mod tidy;
mod walk;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::contradictions::contradictions;
use crate::names::{Region, Role};
use crate::rating::RatingSystem;
use crate::rules::Rules;
use crate::ticket::{Ticket, TicketPlayer};

/// A ticket, and how long it has waited.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// The ticket.
    pub ticket: &'a Ticket,
    /// Since when.
    pub waited: Duration,
}

/// A running match with open seats, which are filled before new matches are made.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// Where it is held.
    pub region: Option<&'a Region>,
    /// Those who are in it, by team.
    pub teams: Vec<Vec<Seated<'a>>>,
    /// The seats that are open, by team; a seat with a role is for a player who is willing to be that.
    pub seats: Vec<Vec<Option<&'a Role>>>,
    /// How long it has had open seats.
    pub waited: Duration,
}

/// A player of a running match.
#[derive(Clone, Copy, Debug)]
pub struct Seated<'a> {
    /// The player, as the ticket had it.
    pub player: &'a TicketPlayer,
    /// The player's role there.
    pub role: Option<&'a Role>,
}

/// What has been made of tickets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Formation {
    /// Tickets that fill open seats.
    pub filled: Vec<Filled>,
    /// New matches.
    pub matches: Vec<FormedMatch>,
    /// The tickets that are left, in the order given.
    pub unmatched: Vec<Unmatched>,
}

/// A ticket that joins a running match.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// The opening, by its place among those given.
    pub opening: usize,
    /// The team, by its place.
    pub team: usize,
    /// The ticket, by its place among those given.
    pub ticket: usize,
    /// The players' roles, in the order of the ticket.
    pub roles: Vec<Option<Role>>,
}

/// A match.
#[derive(Clone, Debug, PartialEq)]
pub struct FormedMatch {
    /// Its teams, in the order of the rules.
    pub teams: Vec<FormedTeam>,
    /// The region in which the worst latency is least; `None` where the players have none in common.
    pub region: Option<Region>,
    /// Distance between the highest and the lowest rating of its tickets.
    pub rating_spread: f64,
    /// Distance between the means of its best and its weakest team.
    pub team_gap: f64,
    /// For each team how likely it is to win; they add up to 1.
    pub win_probabilities: Vec<f64>,
    /// The longest that one of its tickets has waited.
    pub longest_wait: Duration,
}

/// A team of a match.
#[derive(Clone, Debug, PartialEq)]
pub struct FormedTeam {
    /// Its tickets, by their places among those given.
    pub tickets: Vec<usize>,
    /// Its players.
    pub seats: Vec<Seat>,
    /// The mean of their ratings.
    pub rating: f64,
}

/// A player's place in a team.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// The ticket, by its place among those given.
    pub ticket: usize,
    /// The player, by its place in the ticket.
    pub player: usize,
    /// What the player is to be; `None` where the rules have no role for it.
    pub role: Option<Role>,
}

/// A ticket that is in no match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unmatched {
    /// The ticket, by its place among those given.
    pub ticket: usize,
    /// What is in its way.
    pub reason: Reason,
    /// The same in a sentence, with the figures.
    pub detail: String,
}

/// What keeps a ticket from a match: the first of these that leaves it too few others, the rules being
/// asked in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The party is larger than a team, or than parties may be.
    PartyTooLarge,
    /// The party breaks a rule by itself: its players are too far apart, have nothing in common that
    /// they would have to, or have no region that is near enough for all.
    PartyConflict,
    /// Too few others wait at all.
    TooFewPlayers,
    /// Too few others have the attributes that the rules ask for.
    AttributesDiffer,
    /// Too few others are left without those who avoid each other.
    Avoided,
    /// Too few others are near enough to a region that is near enough for this ticket.
    LatencyTooHigh,
    /// Too few others are near enough in rating.
    RatingTooFar,
    /// With those who are compatible, some role of a team has nobody for it.
    RolesUnfilled,
    /// The sizes of the compatible parties do not add up to teams.
    PartiesDoNotFit,
    /// No split of the compatible tickets has teams of nearly equal strength.
    TeamGapTooWide,
    /// The compatible tickets are in other matches, which were served first.
    ServedLater,
}

/// Fills openings and makes matches of tickets that wait, by these rules. The same input gives the
/// same output.
///
/// Every match and every filled seat keeps every rule. Tickets are served by priority, then by how long
/// they have waited, then in the order given. The cost grows about linearly with tickets: what is looked
/// at for one is bounded. Small pools are searched to the end, so that no match is left that could be
/// made; in large ones a match that needs rare tickets far apart may be missed.
///
/// Tickets and players are each given once. By rules that contradict themselves
/// ([`contradictions`]) there are no matches.
pub fn form(
    rules: &Rules,
    system: RatingSystem,
    openings: &[Opening<'_>],
    waiting: &[Waiting<'_>],
) -> Formation {
    made(rules, system, openings, waiting, true)
}

/// As [`form`], the same matches, without why tickets are left: `unmatched` stays empty. Where most tickets
/// are left, finding the reasons costs many times what finding the matches does.
pub fn form_unexplained(
    rules: &Rules,
    system: RatingSystem,
    openings: &[Opening<'_>],
    waiting: &[Waiting<'_>],
) -> Formation {
    made(rules, system, openings, waiting, false)
}

fn made(
    rules: &Rules,
    system: RatingSystem,
    openings: &[Opening<'_>],
    waiting: &[Waiting<'_>],
    explained: bool,
) -> Formation {
    if let Some(fault) = contradictions(rules).into_iter().next() {
        let detail = format!(
            "the rules contradict themselves: {} {}",
            fault.pointer, fault.detail
        );
        return Formation {
            unmatched: (0..waiting.len())
                .map(|ticket| pool::unmatched(ticket, Reason::PartiesDoNotFit, detail.clone()))
                .collect(),
            ..Formation::default()
        };
    }
    let mut pool = pool::Pool::new(rules, openings, waiting);
    let running = openings::running(&mut pool, openings);
    let mut serving = serving::Serving::new(&pool);
    let filled = openings::fill(&pool, running, &mut serving);
    serving.serve();
    let lineups = serving.made.iter();
    Formation {
        filled,
        matches: lineups
            .map(|made| assembly::assemble(&pool, system, made))
            .collect(),
        unmatched: if explained {
            reasons::all(&pool, &mut serving)
        } else {
            Vec::new()
        },
    }
}
