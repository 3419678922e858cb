//! Pools of tickets for the matchmaking benchmark, and the plain ways of matching that it is compared
//! with.

use std::time::Duration;

use boards::PlayerId;
use matchmaking::{
    AttributeKey, AttributeRule, AttributeText, Clock, LatencyRule, Likeness, PartyRule, Rating,
    RatingRule, Region, Role, Rules, TeamRule, Ticket, TicketId, TicketPlayer, Waiting,
};

use crate::random::Random;

/// A ticket and how long it has waited.
pub type Waited = (Ticket, Duration);

/// What the engine takes.
pub fn waiting(pool: &[Waited]) -> Vec<Waiting<'_>> {
    pool.iter()
        .map(|(ticket, waited)| Waiting {
            ticket,
            waited: *waited,
        })
        .collect()
}

/// Two teams of so many, with a limit to ratings.
pub fn rules(size: usize, max_team_gap: Option<f64>) -> Rules {
    let team = TeamRule {
        min_size: size,
        max_size: size,
        roles: Default::default(),
    };
    Rules {
        teams: vec![team; 2],
        rating: Some(RatingRule {
            spread: 100.0,
            widen_per_s: 10.0,
            max_spread: 500.0,
            max_team_gap,
        }),
        latency: None,
        attributes: Vec::new(),
        party: PartyRule::default(),
        clock: Clock::Oldest,
    }
}

/// Two teams of five with roles, regions, modes and a gap.
pub fn rich_rules() -> Rules {
    let mut rules = rules(5, Some(60.0));
    for team in &mut rules.teams {
        let roles = [("tank", 1), ("healer", 1), ("damage", 3)];
        team.roles = roles.map(|(name, count)| (role(name), count)).into();
    }
    rules.latency = Some(LatencyRule {
        max_ms: 80.0,
        widen_ms_per_s: 2.0,
        ceiling_ms: 150.0,
    });
    rules.attributes = vec![AttributeRule {
        name: key("mode"),
        rule: Likeness::Equal,
    }];
    rules
}

pub fn key(name: &str) -> AttributeKey {
    AttributeKey::parse(name).unwrap_or_else(|_| unreachable!("{name} is a key"))
}

pub fn text(value: &str) -> AttributeText {
    AttributeText::parse(value).unwrap_or_else(|_| unreachable!("{value} is a value"))
}

fn role(name: &str) -> Role {
    Role::parse(name).unwrap_or_else(|_| unreachable!("{name} is a role"))
}

fn region(name: &str) -> Region {
    Region::parse(name).unwrap_or_else(|_| unreachable!("{name} is a region"))
}

pub fn player_id(number: u64) -> PlayerId {
    PlayerId::from_bytes(u128::from(number).to_be_bytes())
}

/// A source of pools: players are numbered, ratings are normal around 1500 with a deviation of 300, waits
/// are even up to a minute.
pub struct Pools {
    random: Random,
    player: u64,
}

impl Pools {
    pub fn new(seed: u64) -> Self {
        Pools {
            random: Random::new(seed),
            player: 0,
        }
    }

    pub fn solos(&mut self, tickets: usize) -> Vec<Waited> {
        (0..tickets).map(|at| self.ticket(at, 1)).collect()
    }

    /// Solos of whom no two are near each other by [`rules`], however long they wait.
    pub fn apart(&mut self, tickets: usize) -> Vec<Waited> {
        let mut pool = self.solos(tickets);
        for (at, (ticket, _)) in pool.iter_mut().enumerate() {
            ticket.players[0].rating.mean = 501.0 * at as f64;
        }
        pool
    }

    /// Parties of one to five: of a hundred tickets 45, 25, 12, 9 and 9.
    pub fn parties(&mut self, tickets: usize) -> Vec<Waited> {
        let size = |draw| match draw {
            0..45 => 1,
            45..70 => 2,
            70..82 => 3,
            82..91 => 4,
            _ => 5,
        };
        (0..tickets)
            .map(|at| {
                let size = size(self.random.below(100));
                self.ticket(at, size)
            })
            .collect()
    }

    /// Parties with roles, regions and modes, of whom some avoid somebody.
    pub fn rich(&mut self, tickets: usize) -> Vec<Waited> {
        let mut pool = self.parties(tickets);
        for (ticket, _) in &mut pool {
            let home = self.random.below(4) as usize;
            let mode = ["ranked", "casual", "arena"][self.random.below(3) as usize];
            for player in &mut ticket.players {
                let regions = ["ap", "eu", "sa", "us"].into_iter().enumerate();
                player.latencies_ms = regions
                    .map(|(at, name)| {
                        let far = (at + 4 - home) % 4;
                        (
                            region(name),
                            (20 + 70 * far as u64 + self.random.below(60)) as f64,
                        )
                    })
                    .collect();
                player.attributes.insert(key("mode"), vec![text(mode)]);
                player.roles = match self.random.below(10) {
                    0 => vec![role("tank")],
                    1 => vec![role("healer"), role("damage")],
                    2 => vec![role("tank"), role("healer")],
                    3 | 4 => Vec::new(),
                    _ => vec![role("damage")],
                };
            }
            if self.random.below(10) == 0 {
                ticket.avoid = vec![player_id(self.random.below(self.player))];
            }
        }
        pool
    }

    pub fn ticket(&mut self, at: usize, size: usize) -> Waited {
        let rating = 1500.0 + 300.0 * self.normal();
        let players = (0..size).map(|_| {
            self.player += 1;
            TicketPlayer {
                id: player_id(self.player),
                rating: Rating {
                    mean: rating + 50.0 * self.normal(),
                    deviation: 80.0,
                    volatility: None,
                },
                roles: Vec::new(),
                latencies_ms: Default::default(),
                attributes: Default::default(),
            }
        });
        let ticket = Ticket {
            players: players.collect(),
            id: TicketId::parse(&format!("t{at}"))
                .unwrap_or_else(|_| unreachable!("t{at} is a name")),
            priority: 0,
            avoid: Vec::new(),
        };
        (ticket, Duration::from_millis(self.random.below(60_000)))
    }

    /// The sum of twelve even draws, less their mean: near enough to normal.
    fn normal(&mut self) -> f64 {
        let even = (0..12).map(|_| self.random.below(1 << 32) as f64 / (1_u64 << 32) as f64);
        even.sum::<f64>() - 6.0
    }
}

/// The least that the spreads of pairs can add up to where everybody is paired: neighbours in rating.
pub fn neighbours(pool: &[Waited]) -> f64 {
    let mut ratings: Vec<f64> = pool.iter().map(|(ticket, _)| ticket.rating()).collect();
    ratings.sort_by(f64::total_cmp);
    ratings.chunks_exact(2).map(|pair| pair[1] - pair[0]).sum()
}

/// What a plain rule makes of a pool.
#[derive(Default)]
pub struct Cut {
    pub tickets: usize,
    pub matches: usize,
    pub spread: f64,
    pub gap: f64,
}

/// Sorts tickets by rating and cuts the list into matches: each ticket joins the first team of the match
/// at hand that has room, or waits for the next match; matches beyond a limit are not held.
pub fn sort_and_cut(pool: &[Waited], rules: &Rules) -> Cut {
    let mut sorted: Vec<&Waited> = pool.iter().collect();
    sorted.sort_by(|a, b| a.0.rating().total_cmp(&b.0.rating()));
    let size = rules.teams[0].max_size;
    let mut cut = Cut::default();
    let mut at_hand: [Vec<&Waited>; 2] = Default::default();
    let mut queue: std::collections::VecDeque<&Waited> = sorted.into();
    let mut later: Vec<&Waited> = Vec::new();
    while let Some(one) = queue.pop_front() {
        let team = at_hand
            .iter_mut()
            .find(|team| players(team) + one.0.players.len() <= size);
        match team {
            Some(team) => team.push(one),
            None => later.push(one),
        }
        if at_hand.iter().all(|team| players(team) == size) {
            cut.take(&std::mem::take(&mut at_hand), rules);
            for one in later.drain(..).rev() {
                queue.push_front(one);
            }
        }
        if later.len() > 64 {
            // Nothing near fits: the lowest of them is left.
            let stuck = at_hand.iter_mut().flat_map(std::mem::take).skip(1);
            let again: Vec<&Waited> = stuck.chain(later.drain(..)).collect();
            for one in again.into_iter().rev() {
                queue.push_front(one);
            }
        }
    }
    cut
}

fn players(team: &[&Waited]) -> usize {
    team.iter().map(|(ticket, _)| ticket.players.len()).sum()
}

impl Cut {
    fn take(&mut self, teams: &[Vec<&Waited>; 2], rules: &Rules) {
        let all = || teams.iter().flatten();
        let ratings = || all().map(|(ticket, _)| ticket.rating());
        let spread = ratings().fold(f64::MIN, f64::max) - ratings().fold(f64::MAX, f64::min);
        let mean = |team: &[&Waited]| {
            let means = team
                .iter()
                .flat_map(|(t, _)| t.players.iter().map(|p| p.rating.mean));
            means.sum::<f64>() / players(team) as f64
        };
        let gap = (mean(&teams[0]) - mean(&teams[1])).abs();
        let oldest_s = all()
            .map(|(_, waited)| waited.as_secs_f64())
            .fold(0.0, f64::max);
        let fits = rules.rating.as_ref().is_none_or(|rule| {
            spread <= rule.limit(oldest_s) && rule.max_team_gap.is_none_or(|most| gap <= most)
        });
        if fits {
            self.tickets += all().count();
            self.matches += 1;
            self.spread += spread;
            self.gap += gap;
        }
    }
}
