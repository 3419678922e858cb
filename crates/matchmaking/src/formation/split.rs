//! The same tickets in teams that are as equal as can be.
//!
//! Few tickets are split in every way that keeps the sizes of teams; more are improved by swaps of
//! parties of the same size between two teams until no swap helps.

use super::pool::Pool;
use super::roles::cast;
use super::search::{Demands, Team};

/// So many tickets are split in every way.
const EXACT_TICKETS: usize = 10;
/// Steps of one split at the most.
const MOST_STEPS: u32 = 3_000;

/// Whether [`best`] looks at every split of so many tickets.
pub(super) fn is_exact(tickets: usize) -> bool {
    tickets <= EXACT_TICKETS
}

/// The tickets of these teams, split so that the teams' means are as near to each other as was found;
/// `None` where no split that was found keeps roles, mirroring and gap.
pub(super) fn best(
    pool: &Pool<'_>,
    demands: &Demands,
    teams: &[Team],
    budget: &mut u32,
) -> Option<Vec<Vec<u32>>> {
    let tickets = teams.iter().map(|team| team.tickets.len()).sum();
    let mut split = Split {
        pool,
        demands,
        sizes: teams.iter().map(|team| team.size).collect(),
        best: None,
        gap: f64::INFINITY,
        steps: MOST_STEPS,
        willing: Vec::new(),
    };
    let found: Vec<Vec<u32>> = teams.iter().map(|team| team.tickets.clone()).collect();
    split.consider(&found);
    if teams.len() > 1 {
        if is_exact(tickets) {
            split.every(&found);
        } else {
            split.swaps(found);
        }
    }
    *budget = budget.saturating_sub((MOST_STEPS - split.steps) / 2);
    let (gap, best) = (split.gap, split.best);
    best.filter(|_| gap <= demands.max_gap)
}

struct Split<'s> {
    pool: &'s Pool<'s>,
    demands: &'s Demands,
    sizes: Vec<u32>,
    best: Option<Vec<Vec<u32>>>,
    gap: f64,
    steps: u32,
    willing: Vec<u64>,
}

impl Split<'_> {
    fn total(&self, tickets: &[u32]) -> f64 {
        let of = |ticket: &u32| {
            self.pool.party(*ticket).rating * f64::from(self.pool.party(*ticket).size)
        };
        tickets.iter().map(of).sum()
    }

    fn gap_of(&self, teams: &[Vec<u32>]) -> f64 {
        let means = teams.iter().zip(&self.sizes);
        let means = means.map(|(tickets, size)| self.total(tickets) / f64::from(*size));
        let (low, high) = means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), mean| {
            (low.min(mean), high.max(mean))
        });
        high - low
    }

    /// Keeps the split if it is better than the best so far and allowed; whether it is.
    fn consider(&mut self, teams: &[Vec<u32>]) -> bool {
        let gap = self.gap_of(teams);
        if gap >= self.gap || !self.is_allowed(teams) {
            return false;
        }
        self.gap = gap;
        self.best = Some(teams.to_vec());
        true
    }

    fn is_allowed(&mut self, teams: &[Vec<u32>]) -> bool {
        let sizes = |tickets: &Vec<u32>| {
            let mut sizes: Vec<u32> = tickets.iter().map(|t| self.pool.party(*t).size).collect();
            sizes.sort_unstable();
            sizes
        };
        if self.demands.mirrored && !teams.windows(2).all(|two| sizes(&two[0]) == sizes(&two[1])) {
            return false;
        }
        teams
            .iter()
            .zip(&self.demands.roles)
            .all(|(tickets, needs)| {
                self.willing.clear();
                for ticket in tickets {
                    self.willing
                        .extend_from_slice(self.pool.willing.of(*ticket));
                }
                let needed: u32 = needs.iter().map(|(_, count)| count).sum();
                needed == 0 || cast(&self.willing, needs).cast == needed as usize
            })
    }

    /// Looks at every split.
    fn every(&mut self, found: &[Vec<u32>]) {
        let mut tickets: Vec<u32> = found.iter().flatten().copied().collect();
        tickets.sort_unstable_by_key(|t| std::cmp::Reverse(self.pool.party(*t).size));
        let mut teams: Vec<Vec<u32>> = vec![Vec::new(); found.len()];
        let mut left = self.sizes.clone();
        self.place(&tickets, &mut teams, &mut left);
    }

    fn place(&mut self, tickets: &[u32], teams: &mut [Vec<u32>], left: &mut [u32]) {
        let Some((ticket, others)) = tickets.split_first() else {
            self.consider(teams);
            return;
        };
        let size = self.pool.party(*ticket).size;
        for team in 0..teams.len() {
            let same = |other: usize| {
                teams[other].is_empty()
                    && self.sizes[other] == self.sizes[team]
                    && self.demands.roles[other] == self.demands.roles[team]
            };
            let repeats = teams[team].is_empty() && (0..team).any(same);
            if left[team] < size || repeats || self.steps == 0 {
                continue;
            }
            self.steps -= 1;
            teams[team].push(*ticket);
            left[team] -= size;
            self.place(others, teams, left);
            teams[team].pop();
            left[team] += size;
        }
    }

    /// Swaps parties of the same size between teams as long as that helps.
    fn swaps(&mut self, found: Vec<Vec<u32>>) {
        let mut teams = found;
        while self.steps > 0 && self.swap(&mut teams) {}
    }

    /// The first swap that helps; whether there is one.
    fn swap(&mut self, teams: &mut [Vec<u32>]) -> bool {
        for one in 0..teams.len() {
            for other in one + 1..teams.len() {
                for a in 0..teams[one].len() {
                    for b in 0..teams[other].len() {
                        if self.steps == 0 {
                            return false;
                        }
                        let (x, y) = (teams[one][a], teams[other][b]);
                        if self.pool.party(x).size != self.pool.party(y).size {
                            continue;
                        }
                        self.steps -= 1;
                        (teams[one][a], teams[other][b]) = (y, x);
                        if self.consider(teams) {
                            return true;
                        }
                        (teams[one][a], teams[other][b]) = (x, y);
                    }
                }
            }
        }
        false
    }
}
