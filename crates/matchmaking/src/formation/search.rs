//! A match around given tickets, from candidates in the order in which they are to be tried.
//!
//! The search goes deep first: each candidate joins a team or is passed over. What cannot become a
//! match is left at once: limits and conflicts never ask less of more tickets, sizes that the rest
//! cannot add up to are known beforehand, and a team with too many who fit no role is one already. It
//! ends with the first match, or when its budget of steps is spent.

use std::collections::HashSet;

use super::company::{Company, Terms, overlap};
use super::pool::Pool;
use super::roles::cast;
use super::split;

/// How many players a team is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Aim {
    pub(super) least: u32,
    pub(super) most: u32,
}

/// What is asked of a match beside sizes and limits. To find out which rule is in a ticket's way, each
/// may be dropped.
#[derive(Clone, Debug)]
pub(super) struct Demands {
    /// The roles that each team has to have, and how many of each.
    pub(super) roles: Vec<Vec<(u8, u32)>>,
    /// The first team of the same rule: those that differ in nothing are tried once.
    twin: Vec<usize>,
    pub(super) mirrored: bool,
    /// Distance allowed between the means of teams.
    pub(super) max_gap: f64,
    /// Whether tickets that avoid each other stay apart.
    pub(super) apart: bool,
    /// Whether `different` attributes are, and all that have to overlap do.
    pub(super) attributes: bool,
}

impl Demands {
    /// All that the rules ask for.
    pub(super) fn new(pool: &Pool<'_>) -> Self {
        let rules = pool.rules;
        let of_team = |team: &crate::rules::TeamRule| {
            let roles = team.roles.iter();
            roles
                .filter_map(|(role, count)| Some((pool.roles.bit(role)?, *count as u32)))
                .collect()
        };
        let first = |team| rules.teams.iter().position(|other| other == team);
        let rating = rules.rating.as_ref();
        Demands {
            roles: rules.teams.iter().map(of_team).collect(),
            twin: rules.teams.iter().filter_map(first).collect(),
            mirrored: rules.party.mirrored,
            max_gap: rating
                .and_then(|rule| rule.max_team_gap)
                .unwrap_or(f64::INFINITY),
            apart: true,
            attributes: true,
        }
    }

    /// Whether two tickets cannot be in one match whatever the limits are.
    pub(super) fn conflict(&self, pool: &Pool<'_>, one: u32, other: u32) -> bool {
        (self.apart && pool.avoid(one, other)) || (self.attributes && pool.alike(one, other))
    }
}

/// A team while it is put together.
#[derive(Clone, Debug, Default)]
pub(super) struct Team {
    pub(super) tickets: Vec<u32>,
    pub(super) size: u32,
}

/// What to look for, and among whom.
pub(super) struct Quest<'s> {
    pub(super) pool: &'s Pool<'s>,
    pub(super) demands: &'s Demands,
    pub(super) terms: Terms,
    pub(super) aims: &'s [Aim],
    /// At most [`MOST_CANDIDATES`]. The first of them have to be in the match.
    pub(super) candidates: &'s [u32],
    pub(super) forced: usize,
}

/// Candidates of one search at the most.
pub(super) const MOST_CANDIDATES: usize = u128::BITS as usize;

/// The tickets of each team of a match, or `None` where there is none or the budget did not last.
/// What is left of the budget stays in it.
pub(super) fn search(quest: &Quest<'_>, budget: &mut u32) -> Option<Vec<Vec<u32>>> {
    let mut search = Search {
        quest,
        budget,
        teams: vec![Team::default(); quest.aims.len()],
        chosen: Vec::new(),
        rest: rest(quest),
        chosen_bits: 0,
        refused: HashSet::new(),
        willing: Vec::new(),
    };
    search.descend(0, Company::NOBODY)
}

/// What the candidates from a place on can add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    players: u32,
    /// A bit for each sum of sizes, up to the largest team.
    sums: u128,
}

fn rest(quest: &Quest<'_>) -> Vec<Rest> {
    let mut rest = vec![Rest {
        players: 0,
        sums: 1,
    }];
    for ticket in quest.candidates.iter().rev() {
        let size = quest.pool.party(*ticket).size;
        let last = rest[rest.len() - 1];
        rest.push(Rest {
            players: last.players + size,
            sums: last.sums | last.sums.checked_shl(size).unwrap_or(0),
        });
    }
    rest.reverse();
    rest
}

struct Search<'s, 'q> {
    quest: &'s Quest<'q>,
    budget: &'s mut u32,
    teams: Vec<Team>,
    chosen: Vec<u32>,
    /// By the place of the first of them.
    rest: Vec<Rest>,
    /// The same as a bit for each place among the candidates.
    chosen_bits: u128,
    /// Sets of tickets, with sizes of teams, of which no split keeps the rules.
    refused: HashSet<(u128, Vec<u32>)>,
    willing: Vec<u64>,
}

impl Search<'_, '_> {
    /// Goes on with the candidates from `at`.
    fn descend(&mut self, at: usize, company: Company) -> Option<Vec<Vec<u32>>> {
        if self.is_full() {
            return if at < self.quest.forced {
                None
            } else {
                self.complete()
            };
        }
        for at in at..self.quest.candidates.len() {
            if !self.can_be_filled(at) || *self.budget == 0 {
                return None;
            }
            *self.budget -= 1;
            let found = self.include(at, &company);
            if found.is_some() || at < self.quest.forced {
                return found;
            }
        }
        let aims = self.teams.iter().zip(self.quest.aims);
        let enough = aims.clone().all(|(team, aim)| team.size >= aim.least);
        if enough { self.complete() } else { None }
    }

    fn is_full(&self) -> bool {
        let mut teams = self.teams.iter().zip(self.quest.aims);
        teams.all(|(team, aim)| team.size == aim.most)
    }

    /// Whether the sizes of the candidates from `at` can fill the teams.
    fn can_be_filled(&self, at: usize) -> bool {
        let rest = self.rest[at];
        let mut lack = 0;
        for (team, aim) in self.teams.iter().zip(self.quest.aims) {
            let least = aim.least.saturating_sub(team.size);
            let span = aim.most - team.size - least;
            let wanted = ((2_u128 << span) - 1) << least;
            if rest.sums & wanted == 0 {
                return false;
            }
            lack += least;
        }
        lack <= rest.players
    }

    fn include(&mut self, at: usize, company: &Company) -> Option<Vec<Vec<u32>>> {
        let quest = self.quest;
        let ticket = quest.candidates[at];
        let company = company.with(quest.pool, &quest.terms, ticket)?;
        if self
            .chosen
            .iter()
            .any(|other| quest.demands.conflict(quest.pool, *other, ticket))
        {
            return None;
        }
        let all = self.chosen.iter().copied().chain([ticket]);
        if quest.demands.attributes
            && quest.pool.common.len() > 1
            && !overlap(&quest.pool.common, all)
        {
            return None;
        }
        self.chosen.push(ticket);
        self.chosen_bits ^= 1 << at;
        let found = (0..self.teams.len()).find_map(|team| self.join(team, ticket, at, company));
        self.chosen.pop();
        self.chosen_bits ^= 1 << at;
        found
    }

    /// Puts a ticket into a team and goes on from there.
    fn join(
        &mut self,
        team: usize,
        ticket: u32,
        at: usize,
        company: Company,
    ) -> Option<Vec<Vec<u32>>> {
        let size = self.quest.pool.party(ticket).size;
        if self.teams[team].size + size > self.quest.aims[team].most || self.is_repetition(team) {
            return None;
        }
        self.teams[team].tickets.push(ticket);
        self.teams[team].size += size;
        let found = if self.roles_can_be_filled(team) && self.can_mirror(team) {
            self.descend(at + 1, company)
        } else {
            None
        };
        self.teams[team].tickets.pop();
        self.teams[team].size -= size;
        found
    }

    /// Whether a team of the same kind is empty as this one is, and was tried before.
    fn is_repetition(&self, team: usize) -> bool {
        let quest = self.quest;
        let twin = |other: usize| {
            quest.demands.twin[other] == quest.demands.twin[team]
                && quest.aims[other] == quest.aims[team]
        };
        self.teams[team].size == 0
            && (0..team).any(|other| self.teams[other].size == 0 && twin(other))
    }

    /// Whether those who have no role are no more than a team has seats without one.
    fn roles_can_be_filled(&mut self, team: usize) -> bool {
        let needs = &self.quest.demands.roles[team];
        if needs.is_empty() {
            return true;
        }
        let needed: u32 = needs.iter().map(|(_, count)| count).sum();
        let free = self.quest.aims[team].most - needed;
        self.willing.clear();
        for ticket in &self.teams[team].tickets {
            self.willing
                .extend_from_slice(self.quest.pool.willing.of(*ticket));
        }
        let without = self.willing.len() - cast(&self.willing, needs).cast;
        without <= free as usize
    }

    /// Whether a team and the full ones can still be of parties of the same sizes.
    fn can_mirror(&self, team: usize) -> bool {
        if !self.quest.demands.mirrored {
            return true;
        }
        let is_full = |at: usize| self.teams[at].size == self.quest.aims[at].most;
        (0..self.teams.len()).all(|other| {
            let fits = |of: usize, full: usize| !is_full(full) || self.is_part(of, full);
            other == team || (fits(team, other) && fits(other, team))
        })
    }

    /// Whether a team has no more parties of any size than another.
    fn is_part(&self, team: usize, of: usize) -> bool {
        let size = |ticket: &u32| self.quest.pool.party(*ticket).size;
        let count = |team: usize, of_size: u32| {
            let tickets = self.teams[team].tickets.iter();
            tickets.filter(|ticket| size(ticket) == of_size).count()
        };
        let mut tickets = self.teams[team].tickets.iter().map(size);
        tickets.all(|size| count(team, size) <= count(of, size))
    }

    /// The teams as they are in the end, where a split of them keeps the rest of the rules.
    fn complete(&mut self) -> Option<Vec<Vec<u32>>> {
        let sizes: Vec<u32> = self.teams.iter().map(|team| team.size).collect();
        let split = (self.chosen_bits, sizes);
        if self.refused.contains(&split) {
            return None;
        }
        let found = split::best(
            self.quest.pool,
            self.quest.demands,
            &self.teams,
            self.budget,
        );
        if found.is_none() && split::is_exact(self.chosen.len()) {
            self.refused.insert(split);
        }
        found
    }
}
