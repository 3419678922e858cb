//! Queues whose figures are known beforehand.

use std::collections::BTreeMap;

use super::*;
use crate::names::{AttributeKey, Role};
use crate::rating::RatingSystem;
use crate::rules::{
    AttributeRule, Clock, LatencyRule, Likeness, PartyRule, RatingRule, Rules, TeamRule,
};

const ALL: [RatingSystem; 4] = [
    RatingSystem::WengLin,
    RatingSystem::Glicko2,
    RatingSystem::Elo,
    RatingSystem::Trueskill,
];

/// One against one, anybody against anybody.
fn loose() -> QueueSettings {
    let team = TeamRule {
        min_size: 1,
        max_size: 1,
        roles: BTreeMap::new(),
    };
    QueueSettings {
        rules: Rules {
            teams: vec![team; 2],
            rating: None,
            latency: None,
            attributes: Vec::new(),
            party: PartyRule::default(),
            clock: Clock::Oldest,
        },
        acceptance_ms: None,
        ticket_ttl_ms: 60_000,
        rating_system: RatingSystem::WengLin,
        boards: Vec::new(),
    }
}

fn with_spread(spread: f64) -> QueueSettings {
    let mut settings = loose();
    settings.rules.rating = Some(RatingRule {
        spread,
        widen_per_s: 0.0,
        max_spread: spread,
        max_team_gap: None,
    });
    settings
}

fn ten_minutes() -> Scenario {
    Scenario {
        lasts: Duration::from_secs(600),
        players: 2_000,
        ..Scenario::default()
    }
}

fn run(settings: &QueueSettings, scenario: &Scenario) -> Simulation {
    let found = simulate(settings, scenario, &mut |_| true)
        .unwrap()
        .unwrap();
    let counts = &found.tickets;
    let gone = counts.matched + counts.expired + counts.declined;
    assert_eq!(gone + counts.left, counts.arrived, "{counts:?}");
    found
}

#[test]
fn the_same_scenario_gives_the_same_report() {
    let first = run(&with_spread(100.0), &ten_minutes());
    assert_eq!(first, run(&with_spread(100.0), &ten_minutes()));
    let other = Scenario {
        seed: 2,
        ..ten_minutes()
    };
    assert_ne!(first, run(&with_spread(100.0), &other));
}

#[test]
fn so_many_come_as_are_said_to() {
    let found = run(&loose(), &ten_minutes());
    // Ten a second for ten minutes, give or take five standard deviations.
    assert!(found.tickets.arrived.abs_diff(6_000) < 390, "{found:?}");
    assert_eq!(found.tickets.turned_away, 0);
    assert_eq!(found.lasted_s, 600.0);
}

#[test]
fn loose_rules_match_everybody_at_once() {
    let found = run(&loose(), &ten_minutes());
    let counts = &found.tickets;
    assert_eq!((counts.expired, found.expired_share()), (0, 0.0));
    assert!(counts.left <= 1 && counts.matched == 2 * found.matches);
    assert_eq!(found.matches_per_minute, found.matches as f64 / 10.0);
    // Half a second to the next look on average; one in two looks leaves somebody over.
    let wait = found.wait_s.unwrap();
    assert!(
        (0.4..0.7).contains(&wait.mean) && wait.p99 < 2.1,
        "{wait:?}"
    );
    assert_eq!(wait.count, counts.matched);
    assert!(found.waiting.iter().all(|point| point.tickets <= 1.0));
}

#[test]
fn impossible_rules_match_nobody() {
    // No two have the same rating.
    let found = run(&with_spread(0.0), &ten_minutes());
    assert_eq!((found.matches, found.expired_share()), (0, 1.0));
    assert!(found.wait_s.is_none() && found.prediction.is_none() && found.rating_error.is_none());
    // A minute's tickets wait: ten a second for sixty seconds.
    assert!(
        found.tickets.left.abs_diff(600) < 125,
        "{:?}",
        found.tickets
    );
    assert!(found.waiting.last().unwrap().tickets > 400.0);
    let counted: u64 = found.reasons.iter().map(|r| r.count).sum();
    // At nine or ten looks of some six hundred each.
    assert!(counted > 4_000, "{:?}", found.reasons);
}

#[test]
fn spreads_keep_to_the_rule_and_waits_pay_for_it() {
    let (strict, wide) = (
        run(&with_spread(20.0), &ten_minutes()),
        run(&with_spread(200.0), &ten_minutes()),
    );
    let (strict_spread, wide_spread) = (strict.rating_spread.unwrap(), wide.rating_spread.unwrap());
    assert!(strict_spread.max <= 20.0 && wide_spread.max <= 200.0);
    assert!(strict_spread.p90 < wide_spread.p90);
    assert!(strict.wait_s.unwrap().p90 > wide.wait_s.unwrap().p90);
    // Two teams of one: the gap of the teams is the spread.
    assert_eq!(strict.team_gap.unwrap(), strict_spread);
}

#[test]
fn settled_ratings_predict_what_comes() {
    for system in ALL {
        let settings = QueueSettings {
            rating_system: system,
            ..loose()
        };
        let scenario = Scenario {
            players: 20_000,
            lasts: Duration::from_secs(3_600),
            ..Scenario::default()
        };
        let found = run(&settings, &scenario);
        let prediction = found.prediction.unwrap();
        let ratio = prediction.favourite_won / prediction.favourite_predicted;
        assert!((ratio - 1.0).abs() < 0.03, "{system:?}: {prediction:?}");
        assert!(
            prediction.brier < 0.24 && prediction.log_loss < 0.68,
            "{system:?}: {prediction:?}"
        );
        for bin in prediction.bins.iter().filter(|bin| bin.teams > 2_000) {
            assert!(
                (bin.predicted - bin.won).abs() < 0.05,
                "{system:?}: {bin:?}"
            );
        }
    }
}

/// Where anybody meets anybody. Those who meet their like alone learn who is better, and not by how much.
#[test]
fn ratings_of_new_players_come_to_their_skills() {
    let scenario = |hours: u64| Scenario {
        start: Start::New,
        arrivals_per_s: 1.0,
        players: 200,
        lasts: Duration::from_secs(3_600 * hours),
        ..Scenario::default()
    };
    for system in ALL {
        let settings = QueueSettings {
            rating_system: system,
            ..loose()
        };
        let (early, late) = (run(&settings, &scenario(1)), run(&settings, &scenario(8)));
        let errors = [early.rating_error.unwrap(), late.rating_error.unwrap()];
        assert!(errors[1] < 0.6 * errors[0], "{system:?}: {errors:?}");
        assert!(late.rating_correlation.unwrap() > 0.95, "{system:?}");
    }
}

#[test]
fn who_declines_is_gone_and_the_others_wait_on() {
    let settings = QueueSettings {
        acceptance_ms: Some(10_000),
        ..loose()
    };
    let scenario = Scenario {
        decline: 0.1,
        ..ten_minutes()
    };
    let found = run(&settings, &scenario);
    let counts = &found.tickets;
    // One in ten of those who are asked says no, and is asked once.
    let proposed = found.matches + found.declined_matches;
    let share = found.declined_matches as f64 / proposed as f64;
    assert!((share - 0.19).abs() < 0.04, "{share} {counts:?}");
    assert_eq!(counts.declined, found.declined_matches);
    // The later of two answers within ten seconds comes after 20/3 on average.
    assert!(found.wait_s.unwrap().mean > 6.0);
    assert!(counts.left > 10);
}

/// One tank and two others, near a region, of one mode, with maps in common, not of one clan.
fn strict_team_queue() -> QueueSettings {
    let role = |name: &str, count| (Role::parse(name).unwrap(), count);
    let attribute = |name: &str, rule| AttributeRule {
        name: AttributeKey::parse(name).unwrap(),
        rule,
    };
    let team = TeamRule {
        min_size: 3,
        max_size: 3,
        roles: BTreeMap::from([role("tank", 1), role("damage", 2)]),
    };
    let mut settings = with_spread(400.0);
    settings.rules.teams = vec![team; 2];
    settings.rules.latency = Some(LatencyRule {
        max_ms: 60.0,
        widen_ms_per_s: 1.0,
        ceiling_ms: 120.0,
    });
    settings.rules.attributes = vec![
        attribute("mode", Likeness::Equal),
        attribute("map", Likeness::Overlap),
        attribute("clan", Likeness::Different),
    ];
    settings.rules.party.max_spread = Some(200.0);
    settings
}

#[test]
fn all_rules_have_something_to_do_and_are_met_by_many() {
    let scenario = Scenario {
        parties: vec![(1, 0.6), (2, 0.3), (3, 0.1)],
        ..ten_minutes()
    };
    let found = run(&strict_team_queue(), &scenario);
    let counts = &found.tickets;
    assert!(
        counts.players > counts.arrived + counts.arrived / 5,
        "{counts:?}"
    );
    assert!(found.matches * 6 > counts.players / 2, "{found:?}");
    assert!(found.reasons.len() > 1, "{:?}", found.reasons);
}

#[test]
fn a_small_population_turns_arrivals_away() {
    let scenario = Scenario {
        players: 4,
        ..ten_minutes()
    };
    let found = run(&with_spread(0.0), &scenario);
    assert!(found.tickets.turned_away > 5_000, "{:?}", found.tickets);
    assert_eq!(found.most_waiting, 4);
}

#[test]
fn it_stops_when_it_is_told_to() {
    let mut looks = 0;
    let mut progress = |_| {
        looks += 1;
        looks < 5
    };
    assert_eq!(simulate(&loose(), &ten_minutes(), &mut progress), Ok(None));
    assert_eq!(looks, 5);
}

#[test]
fn the_longest_times_do_not_overflow() {
    let scenario = Scenario {
        arrivals_per_s: LEAST_ARRIVALS_PER_S,
        lasts: Duration::MAX,
        interval: Duration::MAX,
        ..ten_minutes()
    };
    let mut looks = Vec::new();
    let refused = simulate(&loose(), &scenario, &mut |_| true);
    assert!(matches!(refused, Err(ScenarioFault::TooManyArrivals(_))));
    let rare = Scenario {
        lasts: Duration::from_secs(1_000_000_000),
        ..scenario
    };
    let mut progress = |now| {
        looks.push(now);
        true
    };
    let found = simulate(&loose(), &rare, &mut progress).unwrap().unwrap();
    assert_eq!(looks, [rare.lasts]);
    assert!(found.tickets.arrived < 10, "one is expected");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refusal = |scenario: Scenario| {
        let refused = simulate(&strict_team_queue(), &scenario, &mut |_| true);
        refused.unwrap_err().to_string()
    };
    let ten = ten_minutes;
    for arrivals_per_s in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e-20, 9.9e-10] {
        assert!(
            refusal(Scenario {
                arrivals_per_s,
                ..ten()
            })
            .contains("from 0.000000001 a second on")
        );
    }
    assert!(
        refusal(Scenario {
            arrivals_per_s: 1e6,
            ..ten()
        })
        .contains("600000000 arrivals")
    );
    assert!(
        refusal(Scenario {
            interval: Duration::ZERO,
            ..ten()
        })
        .contains("longer than 0")
    );
    assert!(
        refusal(Scenario {
            interval: Duration::from_nanos(1),
            ..ten()
        })
        .contains("looks at the queue")
    );
    assert!(
        refusal(Scenario {
            players: 11,
            ..ten()
        })
        .contains("from 12")
    );
    assert!(
        refusal(Scenario {
            players: 1_000_001,
            ..ten()
        })
        .contains("to 1000000 players")
    );
    assert!(
        refusal(Scenario {
            parties: vec![(4, 1.0)],
            ..ten()
        })
        .contains("from 1 to 3 players")
    );
    assert!(
        refusal(Scenario {
            parties: vec![(1, 0.0)],
            ..ten()
        })
        .contains("weights of parties")
    );
    assert!(
        refusal(Scenario {
            regions: Vec::new(),
            ..ten()
        })
        .contains("weights of regions")
    );
    let roles = |names: &[&str]| {
        let role = |name: &&str| (Role::parse(name).unwrap(), 1.0);
        names.iter().map(role).collect()
    };
    assert!(
        refusal(Scenario {
            roles: roles(&["tank", "bard"]),
            ..ten()
        })
        .contains("no role bard")
    );
    assert!(
        refusal(Scenario {
            roles: roles(&["tank"]),
            ..ten()
        })
        .contains("nobody is damage")
    );
    assert!(
        refusal(Scenario {
            decline: 0.5,
            ..ten()
        })
        .contains("no acceptance window")
    );
    assert!(
        refusal(Scenario {
            decline: 1.5,
            ..ten()
        })
        .contains("from 0 to 1")
    );
}
