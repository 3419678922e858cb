//! Every match that can be made of a few tickets, by trying every team for every ticket and every role
//! for every player.

use std::collections::BTreeMap;

use matchmaking::{
    FormedMatch, FormedTeam, Region, Role, Rules, Seat, TeamRule, TicketPlayer, Waiting, violations,
};

/// For each set of tickets, as bits, the least team gap of a match of exactly those; and its spread.
pub struct Possible {
    pub tickets: usize,
    pub matches: BTreeMap<u32, Figures>,
}

#[derive(Clone, Copy, Debug)]
pub struct Figures {
    pub spread: f64,
    pub gap: f64,
}

impl Possible {
    pub fn of(rules: &Rules, waiting: &[Waiting<'_>]) -> Possible {
        let mut possible = Possible {
            tickets: waiting.len(),
            matches: BTreeMap::new(),
        };
        let mut teams = vec![Vec::new(); rules.teams.len()];
        possible.place(rules, waiting, 0, &mut teams);
        possible
    }

    fn place(
        &mut self,
        rules: &Rules,
        waiting: &[Waiting<'_>],
        ticket: usize,
        teams: &mut Vec<Vec<usize>>,
    ) {
        if ticket == waiting.len() {
            self.note(rules, waiting, teams);
            return;
        }
        self.place(rules, waiting, ticket + 1, teams);
        for team in 0..teams.len() {
            teams[team].push(ticket);
            if players(waiting, &teams[team]) <= rules.teams[team].max_size {
                self.place(rules, waiting, ticket + 1, teams);
            }
            teams[team].pop();
        }
    }

    fn note(&mut self, rules: &Rules, waiting: &[Waiting<'_>], teams: &[Vec<usize>]) {
        let sizes = teams.iter().zip(&rules.teams);
        let mut sizes = sizes.map(|(team, rule)| players(waiting, team) >= rule.min_size);
        if !sizes.all(|fits| fits) {
            return;
        }
        let Some(made) = assemble(rules, waiting, teams) else {
            return;
        };
        if violations(rules, waiting, &made).is_empty() {
            let set = teams.iter().flatten().fold(0, |set, t| set | 1 << t);
            let figures = Figures {
                spread: made.rating_spread,
                gap: made.team_gap,
            };
            let known = self.matches.entry(set).or_insert(figures);
            known.gap = known.gap.min(figures.gap);
        }
    }

    /// Whether a match of some of these tickets has this one.
    pub fn has_match_of(&self, ticket: usize, among: u32) -> bool {
        let mut sets = self.matches.keys();
        sets.any(|set| set & 1 << ticket != 0 && set & !among == 0)
    }

    /// The most matches that can be made at once.
    pub fn most(&self) -> usize {
        let mut best = vec![0; 1 << self.tickets];
        for among in 1..best.len() as u32 {
            let first = among & among.wrapping_neg();
            let mut most = best[(among & !first) as usize];
            for set in self.matches.keys() {
                if set & first != 0 && set & !among == 0 {
                    most = most.max(1 + best[(among & !set) as usize]);
                }
            }
            best[among as usize] = most;
        }
        best[best.len() - 1]
    }

    /// Of all ways to make so many matches the least sum of spreads, and of gaps.
    pub fn least(&self, count: usize) -> (f64, f64) {
        let all = (1_u32 << self.tickets) - 1;
        (
            self.least_of(count, all, &|f| f.spread),
            self.least_of(count, all, &|f| f.gap),
        )
    }

    fn least_of(&self, count: usize, among: u32, figure: &dyn Fn(&Figures) -> f64) -> f64 {
        if count == 0 {
            return 0.0;
        }
        let mut least = f64::INFINITY;
        for (set, figures) in self.matches.iter().filter(|(set, _)| *set & !among == 0) {
            // Matches of one choice are taken in the order of their sets, so that each choice is met once.
            let above = among & !set & !((set & set.wrapping_neg()) - 1);
            least = least.min(figure(figures) + self.least_of(count - 1, above, figure));
        }
        least
    }
}

fn players(waiting: &[Waiting<'_>], tickets: &[usize]) -> usize {
    tickets
        .iter()
        .map(|t| waiting[*t].ticket.players.len())
        .sum()
}

fn assemble(rules: &Rules, waiting: &[Waiting<'_>], teams: &[Vec<usize>]) -> Option<FormedMatch> {
    let made: Option<Vec<FormedTeam>> = teams
        .iter()
        .zip(&rules.teams)
        .map(|(tickets, rule)| team(waiting, rule, tickets))
        .collect();
    let teams = made?;
    let tickets: Vec<usize> = teams.iter().flat_map(|t| t.tickets.clone()).collect();
    let all: Vec<&TicketPlayer> = tickets
        .iter()
        .flat_map(|t| &waiting[*t].ticket.players)
        .collect();
    let span = |figures: Vec<f64>| {
        figures.iter().copied().fold(f64::MIN, f64::max)
            - figures.iter().copied().fold(f64::MAX, f64::min)
    };
    Some(FormedMatch {
        region: region(&all),
        rating_spread: span(
            tickets
                .iter()
                .map(|t| waiting[*t].ticket.rating())
                .collect(),
        ),
        team_gap: span(teams.iter().map(|team| team.rating).collect()),
        win_probabilities: vec![1.0 / teams.len() as f64; teams.len()],
        longest_wait: tickets.iter().map(|t| waiting[*t].waited).max()?,
        teams,
    })
}

fn team(waiting: &[Waiting<'_>], rule: &TeamRule, tickets: &[usize]) -> Option<FormedTeam> {
    let seats: Vec<(usize, usize)> = tickets
        .iter()
        .flat_map(|t| (0..waiting[*t].ticket.players.len()).map(|p| (*t, p)))
        .collect();
    let all: Vec<&TicketPlayer> = seats
        .iter()
        .map(|(t, p)| &waiting[*t].ticket.players[*p])
        .collect();
    let mut open: Vec<Role> = Vec::new();
    for (role, count) in &rule.roles {
        open.extend(std::iter::repeat_n(role.clone(), *count));
    }
    let roles = roles(&all, &mut open)?;
    Some(FormedTeam {
        tickets: tickets.to_vec(),
        rating: all.iter().map(|p| p.rating.mean).sum::<f64>() / all.len() as f64,
        seats: seats
            .into_iter()
            .zip(roles)
            .map(|((ticket, player), role)| Seat {
                ticket,
                player,
                role,
            })
            .collect(),
    })
}

/// A role or none for each player, so that all are filled.
fn roles(players: &[&TicketPlayer], open: &mut Vec<Role>) -> Option<Vec<Option<Role>>> {
    let Some((first, others)) = players.split_first() else {
        return open.is_empty().then(Vec::new);
    };
    for at in 0..open.len() {
        let role = open.remove(at);
        if (first.roles.is_empty() || first.roles.contains(&role))
            && let Some(mut rest) = roles(others, open)
        {
            rest.insert(0, Some(role));
            return Some(rest);
        }
        open.insert(at, role);
    }
    let mut rest = roles(others, open)?;
    rest.insert(0, None);
    Some(rest)
}

fn region(players: &[&TicketPlayer]) -> Option<Region> {
    let worst = |region: &Region| {
        let all = players.iter().map(|p| p.latencies_ms.get(region).copied());
        all.collect::<Option<Vec<f64>>>()
            .map(|ms| ms.into_iter().fold(0.0, f64::max))
    };
    let known = players[0].latencies_ms.keys();
    let mut best: Vec<(f64, &Region)> = known.filter_map(|r| Some((worst(r)?, r))).collect();
    best.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    best.first().map(|(_, region)| (*region).clone())
}
