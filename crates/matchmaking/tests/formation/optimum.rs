//! How near formation comes to the best that can be made of small pools.
//!
//! Tickets are served in turn, so the best is not the aim; but it should not be far. The pools are the same
//! in each run, and the figures are printed.

use matchmaking::{RatingRule, RatingSystem, Rules, TeamRule, form};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::exhaustive::Possible;
use crate::generate::{plain, pool, team, waiting};
use crate::properties::keeps_the_rules;

/// What came of many pools, summed.
#[derive(Default)]
struct Sum {
    pools: usize,
    matches: usize,
    most: usize,
    /// Of the pools in which as many matches were made as can be: spreads and gaps, and the least.
    spread: f64,
    least_spread: f64,
    gap: f64,
    least_gap: f64,
}

impl Sum {
    fn of(rules: &Rules, tickets: usize, pools: usize) -> Sum {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let mut sum = Sum::default();
        for _ in 0..pools {
            let tree = pool(tickets).new_tree(&mut runner).unwrap();
            let mut pool = tree.current();
            for (ticket, _) in &mut pool {
                ticket.players.truncate(rules.teams[0].max_size);
            }
            sum.add(rules, &pool);
        }
        sum
    }

    fn add(&mut self, rules: &Rules, pool: &[crate::generate::Waited]) {
        let waiting = waiting(pool);
        let made = form(rules, RatingSystem::WengLin, &[], &waiting);
        keeps_the_rules(rules, &waiting, &made);
        let possible = Possible::of(rules, &waiting);
        let most = possible.most();
        self.pools += 1;
        self.matches += made.matches.len();
        self.most += most;
        if made.matches.len() == most {
            let (spread, gap) = possible.least(most);
            self.least_spread += spread;
            self.least_gap += gap;
            self.spread += made.matches.iter().map(|m| m.rating_spread).sum::<f64>();
            self.gap += made.matches.iter().map(|m| m.team_gap).sum::<f64>();
        }
    }

    fn print(&self, name: &str) {
        println!(
            "{name}: {} pools, {} matches of {} at most; spread {:.0} where {:.0} is least, \
             gap {:.0} where {:.0} is least",
            self.pools,
            self.matches,
            self.most,
            self.spread,
            self.least_spread,
            self.gap,
            self.least_gap
        );
    }

    /// Whether so many of a hundred possible matches were made.
    fn makes(&self, percent: usize) -> bool {
        self.matches * 100 >= self.most * percent
    }
}

fn rated(teams: Vec<TeamRule>, max_team_gap: Option<f64>) -> Rules {
    Rules {
        rating: Some(RatingRule {
            spread: 60.0,
            widen_per_s: 2.0,
            max_spread: 200.0,
            max_team_gap,
        }),
        ..plain(teams)
    }
}

#[test]
fn one_against_one_makes_as_many_matches_as_can_be() {
    let rules = rated(vec![team(1, 1, &[]); 2], None);
    let sum = Sum::of(&rules, 10, 1_000);
    sum.print("1v1");
    assert!(sum.most > 1_000);
    assert!(sum.matches * 1_000 >= sum.most * 995);
    assert!(sum.spread <= sum.least_spread * 1.25);
}

#[test]
fn two_against_two_comes_near() {
    let rules = rated(vec![team(2, 2, &[]); 2], Some(100.0));
    let sum = Sum::of(&rules, 9, 600);
    sum.print("2v2");
    assert!(sum.most > 300);
    assert!(sum.makes(95));
    assert!(sum.spread <= sum.least_spread * 1.3);
}

#[test]
fn three_against_three_comes_near() {
    let rules = rated(vec![team(3, 3, &[]); 2], None);
    let sum = Sum::of(&rules, 10, 300);
    sum.print("3v3");
    assert!(sum.most > 50);
    assert!(sum.makes(95));
}

#[test]
fn roles_and_one_against_many_come_near() {
    let roles = rated(vec![team(2, 2, &[("tank", 1), ("healer", 1)]); 2], None);
    let sum = Sum::of(&roles, 9, 600);
    sum.print("2v2 with roles");
    assert!(sum.most > 100);
    assert!(sum.makes(95));
    let hunt = rated(vec![team(2, 4, &[]), team(1, 1, &[])], None);
    let sum = Sum::of(&hunt, 8, 300);
    sum.print("2 to 4 against 1");
    assert!(sum.makes(85));
}
