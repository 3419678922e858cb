//! A simulation under way: tickets come, wait, are matched, answer, play and leave.

use std::time::Duration;

use fastrand::Rng;

use super::draw;
use super::outcome;
use super::population::Population;
use super::report::{Simulation, TicketCounts};
use super::scenario::Scenario;
use super::tally::{Curve, Predictions, Reasons, Values};
use crate::formation::{FormedMatch, Waiting, form, form_unexplained};
use crate::names::TicketId;
use crate::queue::QueueSettings;
use crate::rating::Rating;
use crate::ticket::Ticket;

const TIMES: u64 = 2;
const PARTIES: u64 = 3;
const ANSWERS: u64 = 4;
const OUTCOMES: u64 = 5;
/// Ratings are kept to this, a power of two: exponentials differ in the last digit from one platform to
/// the next, and would end in other matches.
const PRECISION: f64 = 1.0 / 1_048_576.0;

/// Reasons are asked for at one look in so many: finding them costs many times what the matches do.
const ASK_WHY_EVERY: u64 = 60;

/// A party with its ticket.
struct Party {
    members: Vec<usize>,
    ticket: Ticket,
    since: Duration,
}

/// A match that has been found and waits for answers.
struct Proposal {
    /// When the last answer comes, or the first that declines.
    known: Duration,
    parties: Vec<Party>,
    /// Of each party, whether it declines.
    declines: Vec<bool>,
    /// Of each team its parties, by their places among those above.
    teams: Vec<Vec<usize>>,
    found: FormedMatch,
}

pub(super) struct Run<'a> {
    settings: &'a QueueSettings,
    scenario: &'a Scenario,
    population: Population,
    /// Between arrivals.
    times: Rng,
    next_arrival: Duration,
    outcomes: Rng,
    answers: Rng,
    /// In the order in which they came.
    waiting: Vec<Party>,
    proposals: Vec<Proposal>,
    counts: TicketCounts,
    looks: u64,
    matches: u64,
    declined_matches: u64,
    waits: Values,
    spreads: Values,
    gaps: Values,
    curve: Curve,
    reasons: Reasons,
    predictions: Predictions,
}

impl<'a> Run<'a> {
    pub(super) fn new(settings: &'a QueueSettings, scenario: &'a Scenario) -> Self {
        let stream = |of| draw::stream(scenario.seed, of, 0);
        let mut run = Run {
            settings,
            scenario,
            population: Population::new(settings, scenario),
            times: stream(TIMES),
            next_arrival: Duration::ZERO,
            outcomes: stream(OUTCOMES),
            answers: stream(ANSWERS),
            waiting: Vec::new(),
            proposals: Vec::new(),
            counts: TicketCounts::default(),
            looks: 0,
            matches: 0,
            declined_matches: 0,
            waits: Values::default(),
            spreads: Values::default(),
            gaps: Values::default(),
            curve: Curve::default(),
            reasons: Reasons::default(),
            predictions: Predictions::default(),
        };
        run.next_arrival = run.until_next();
        run
    }

    /// All that happens until then, and a look of the matchmaker at what waits.
    pub(super) fn pass(&mut self, now: Duration) {
        while self.next_arrival <= now {
            self.arrive(self.next_arrival);
            let until = self.until_next();
            self.next_arrival = self.next_arrival.saturating_add(until);
        }
        self.answer(now);
        self.expire(now);
        self.form(now);
        self.curve.note(now.as_secs_f64(), self.waiting.len());
    }

    fn until_next(&mut self) -> Duration {
        let mean = 1.0 / self.scenario.arrivals_per_s;
        let until = draw::exponential(&mut self.times, mean);
        Duration::try_from_secs_f64(until).unwrap_or(Duration::MAX)
    }

    fn arrive(&mut self, at: Duration) {
        let number = self.counts.arrived + self.counts.turned_away;
        let rng = &mut draw::stream(self.scenario.seed, PARTIES, number);
        let size = draw::weighted(rng, &self.scenario.parties)
            .copied()
            .unwrap_or(1);
        let rules = &self.settings.rules;
        let Some(members) = self.population.party(rng, size, rules) else {
            self.counts.turned_away += 1;
            return;
        };
        let Ok(id) = TicketId::parse(&format!("t{number}")) else {
            return;
        };
        let ticket = Ticket {
            id,
            players: self.population.seats(&members, rules),
            priority: 0,
            avoid: Vec::new(),
        };
        self.counts.arrived += 1;
        self.counts.players += members.len() as u64;
        self.waiting.push(Party {
            members,
            ticket,
            since: at,
        });
    }

    fn expire(&mut self, now: Duration) {
        let longest = Duration::from_millis(self.settings.ticket_ttl_ms);
        let over = |party: &mut Party| now.saturating_sub(party.since) >= longest;
        for party in self.waiting.extract_if(.., over) {
            self.population.release(&party.members);
            self.counts.expired += 1;
        }
    }

    fn form(&mut self, now: Duration) {
        let waiting = |party: &'_ Party| now.saturating_sub(party.since);
        let tickets: Vec<Waiting<'_>> = self
            .waiting
            .iter()
            .map(|party| Waiting {
                ticket: &party.ticket,
                waited: waiting(party),
            })
            .collect();
        let (rules, system) = (&self.settings.rules, self.settings.rating_system);
        self.looks += 1;
        let formation = if self.looks.is_multiple_of(ASK_WHY_EVERY) {
            form(rules, system, &[], &tickets)
        } else {
            form_unexplained(rules, system, &[], &tickets)
        };
        self.reasons.note(&formation.unmatched);
        let mut parties: Vec<Option<Party>> = self.waiting.drain(..).map(Some).collect();
        let found: Vec<Proposal> = formation
            .matches
            .into_iter()
            .map(|found| self.propose(now, found, &mut parties))
            .collect();
        self.waiting = parties.into_iter().flatten().collect();
        self.proposals.extend(found);
        // Those that need no answer.
        self.answer(now);
    }

    fn propose(
        &mut self,
        now: Duration,
        found: FormedMatch,
        waiting: &mut [Option<Party>],
    ) -> Proposal {
        let mut parties = Vec::new();
        let mut teams = Vec::new();
        for team in &found.teams {
            let members = team
                .tickets
                .iter()
                .filter_map(|ticket| waiting[*ticket].take());
            let first = parties.len();
            parties.extend(members);
            teams.push((first..parties.len()).collect());
        }
        let (known, declines) = self.answers(now, parties.len());
        Proposal {
            known,
            parties,
            declines,
            teams,
            found,
        }
    }

    /// Parties answer at any time within the window, all alike. The first that declines ends it.
    fn answers(&mut self, now: Duration, parties: usize) -> (Duration, Vec<bool>) {
        let Some(window) = self.settings.acceptance_ms else {
            return (now, vec![false; parties]);
        };
        let window = Duration::from_millis(window);
        let mut declines = vec![false; parties];
        let mut first_no: Option<(Duration, usize)> = None;
        let mut last = Duration::ZERO;
        for party in 0..parties {
            let after = window.mul_f64(self.answers.f64());
            last = last.max(after);
            let no = self.answers.f64() < self.scenario.decline;
            if no && first_no.is_none_or(|(earliest, _)| after < earliest) {
                first_no = Some((after, party));
            }
        }
        if let Some((after, party)) = first_no {
            declines[party] = true;
            last = after;
        }
        (now.saturating_add(last), declines)
    }

    /// What has become of proposals by now.
    fn answer(&mut self, now: Duration) {
        let known = |proposal: &mut Proposal| proposal.known <= now;
        let proposals: Vec<Proposal> = self.proposals.extract_if(.., known).collect();
        let mut back = Vec::new();
        for proposal in proposals {
            if proposal.declines.contains(&true) {
                back.extend(self.dissolve(proposal));
            } else {
                self.play(proposal);
            }
        }
        if !back.is_empty() {
            self.waiting.extend(back);
            self.waiting.sort_by_key(|party| party.since);
        }
    }

    /// Those who did not decline wait again, as if they had never stopped.
    fn dissolve(&mut self, proposal: Proposal) -> Vec<Party> {
        self.declined_matches += 1;
        let mut innocent = Vec::new();
        for (party, declines) in proposal.parties.into_iter().zip(proposal.declines) {
            if declines {
                self.population.release(&party.members);
                self.counts.declined += 1;
            } else {
                innocent.push(party);
            }
        }
        innocent
    }

    fn play(&mut self, proposal: Proposal) {
        let Proposal {
            known,
            parties,
            teams,
            found,
            ..
        } = proposal;
        for party in &parties {
            self.waits
                .note(known.saturating_sub(party.since).as_secs_f64());
        }
        self.counts.matched += parties.len() as u64;
        self.matches += 1;
        self.spreads.note(found.rating_spread);
        self.gaps.note(found.team_gap);
        let members = |team: &Vec<usize>| -> Vec<usize> {
            team.iter()
                .flat_map(|party| parties[*party].members.iter().copied())
                .collect()
        };
        let teams: Vec<Vec<usize>> = teams.iter().map(members).collect();
        self.finish(&teams, &found.win_probabilities);
        for party in &parties {
            self.population.release(&party.members);
        }
    }

    fn finish(&mut self, teams: &[Vec<usize>], chances: &[f64]) {
        let system = self.settings.rating_system;
        let skill = |number: &usize| self.population.player(*number).skill;
        let skills: Vec<Vec<f64>> = teams
            .iter()
            .map(|t| t.iter().map(skill).collect())
            .collect();
        let rating = |number: &usize| self.population.player(*number).rating();
        let ratings: Vec<Vec<Rating>> = teams
            .iter()
            .map(|t| t.iter().map(rating).collect())
            .collect();
        let places = outcome::places(&mut self.outcomes, system, &skills);
        if let Some(winner) = places.iter().position(|place| *place == 1) {
            self.predictions.note(chances, winner);
        }
        let after = system.rate(&ratings, &places);
        for (number, rating) in teams.iter().flatten().zip(after.iter().flatten()) {
            self.population.rate(*number, rounded(rating));
        }
    }

    pub(super) fn end(mut self, now: Duration) -> Simulation {
        let proposed: usize = self.proposals.iter().map(|p| p.parties.len()).sum();
        self.counts.left = (self.waiting.len() + proposed) as u64;
        let lasted_s = now.as_secs_f64();
        let (rating_error, rating_correlation) = compared(&self.population);
        Simulation {
            lasted_s,
            tickets: self.counts,
            matches: self.matches,
            matches_per_minute: self.matches as f64 * 60.0 / lasted_s,
            declined_matches: self.declined_matches,
            wait_s: self.waits.distribution(),
            rating_spread: self.spreads.distribution(),
            team_gap: self.gaps.distribution(),
            waiting: self.curve.points(),
            most_waiting: self.curve.most(),
            prediction: self.predictions.prediction(),
            reasons: self.reasons.counts(),
            rating_error,
            rating_correlation,
        }
    }
}

fn rounded(rating: &Rating) -> Rating {
    let round = |value: f64| (value / PRECISION).round() * PRECISION;
    Rating {
        mean: round(rating.mean),
        deviation: round(rating.deviation),
        volatility: rating.volatility.map(round),
    }
}

/// By how much ratings and skills of those who have played differ, as a root mean square, and how far they
/// go together, as Pearson's correlation.
fn compared(population: &Population) -> (Option<f64>, Option<f64>) {
    let pairs = || population.seasoned().map(|p| (p.rating().mean, p.skill));
    let count = pairs().count() as f64;
    if count == 0.0 {
        return (None, None);
    }
    let mean = |of: &dyn Fn((f64, f64)) -> f64| pairs().map(of).sum::<f64>() / count;
    let error = libm::sqrt(mean(&|(rating, skill)| (rating - skill) * (rating - skill)));
    let (rating_mean, skill_mean) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
    let product = mean(&|(rating, skill)| (rating - rating_mean) * (skill - skill_mean));
    let rating_variance = mean(&|(rating, _)| (rating - rating_mean) * (rating - rating_mean));
    let skill_variance = mean(&|(_, skill)| (skill - skill_mean) * (skill - skill_mean));
    let correlation = product / libm::sqrt(rating_variance * skill_variance);
    (Some(error), Some(correlation).filter(|c| c.is_finite()))
}
