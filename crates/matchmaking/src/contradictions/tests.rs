//! Each contradiction with its place and its sentence.

use std::collections::BTreeMap;

use super::*;
use crate::names::AttributeKey;
use crate::rules::{Clock, PartyRule};

fn team(min_size: usize, max_size: usize, roles: &[(&str, usize)]) -> TeamRule {
    let roles = roles.iter().map(|(r, n)| (Role::parse(r).unwrap(), *n));
    TeamRule {
        min_size,
        max_size,
        roles: roles.collect::<BTreeMap<_, _>>(),
    }
}

fn rules(teams: Vec<TeamRule>) -> Rules {
    Rules {
        teams,
        rating: None,
        latency: None,
        attributes: Vec::new(),
        party: PartyRule::default(),
        clock: Clock::Oldest,
    }
}

fn said(rules: Rules) -> Vec<(String, String)> {
    let faults = rules.validated().unwrap_err();
    faults.into_iter().map(|f| (f.pointer, f.detail)).collect()
}

fn one(rules: Rules, pointer: &str, detail: &str) {
    assert_eq!(said(rules), [(pointer.to_owned(), detail.to_owned())]);
}

#[test]
fn sensible_rules_stand() {
    let mut good = rules(vec![
        team(5, 5, &[("tank", 1), ("healer", 1), ("damage", 3)]);
        2
    ]);
    good.party.max_size = Some(5);
    good.party.mirrored = true;
    assert_eq!(good.clone().validated(), Ok(good));
    assert!(
        rules(vec![team(1, 1, &[]), team(4, 4, &[])])
            .validated()
            .is_ok()
    );
    assert!(rules(vec![team(3, 4, &[])]).validated().is_ok());
}

#[test]
fn teams_have_sizes_that_can_be() {
    one(rules(vec![]), "/teams/count", "must be at least 1");
    one(
        rules(vec![team(1, 1, &[]); 33]),
        "/teams/count",
        "must be at most 32",
    );
    one(
        rules(vec![team(0, 1, &[]); 2]),
        "/teams/min_size",
        "must be at least 1",
    );
    one(
        rules(vec![team(5, 4, &[]); 2]),
        "/teams/max_size",
        "must be at least min_size, 5",
    );
    one(
        rules(vec![team(1, 65, &[]); 2]),
        "/teams/max_size",
        "must be at most 64",
    );
    one(
        rules(vec![team(20, 20, &[]); 16]),
        "/teams/count",
        "must not make matches of 320 players; 256 at the most",
    );
    one(
        rules(vec![team(1, 1, &[]), team(4, 3, &[])]),
        "/teams/1/max_size",
        "must be at least min_size, 4",
    );
}

#[test]
fn roles_fit_into_the_smallest_team() {
    one(
        rules(vec![team(3, 5, &[("tank", 1), ("healer", 3)]); 2]),
        "/teams/roles",
        "must not add up to 4, more than min_size, 3",
    );
    one(
        rules(vec![team(3, 5, &[("tank", 0)]); 2]),
        "/teams/roles/tank",
        "must be at least 1",
    );
    let many: Vec<TeamRule> = (0..3)
        .map(|t| {
            let names: Vec<String> = (0..22).map(|r| format!("r{t}-{r}")).collect();
            let roles: Vec<(&str, usize)> = names.iter().map(|n| (n.as_str(), 1)).collect();
            team(30, 30, &roles)
        })
        .collect();
    one(
        rules(many),
        "/teams",
        "must not name more than 64 roles in all",
    );
}

#[test]
fn figures_are_figures_and_widening_ends_beyond_its_start() {
    let mut bad = rules(vec![team(1, 1, &[]); 2]);
    bad.rating = Some(RatingRule {
        spread: 100.0,
        widen_per_s: f64::NAN,
        max_spread: 50.0,
        max_team_gap: Some(-1.0),
    });
    bad.latency = Some(LatencyRule {
        max_ms: 80.0,
        widen_ms_per_s: f64::INFINITY,
        ceiling_ms: 79.0,
    });
    bad.party.max_spread = Some(-0.5);
    let number = "must be a number from 0";
    let expected = [
        ("/rating/widen_per_s", number),
        ("/rating/max_spread", "must be at least spread, 100"),
        ("/rating/max_team_gap", number),
        ("/latency/widen_ms_per_s", number),
        ("/latency/ceiling_ms", "must be at least max_ms, 80"),
        ("/party/max_spread", number),
    ];
    assert_eq!(
        said(bad),
        expected.map(|(p, d)| (p.to_owned(), d.to_owned()))
    );
}

#[test]
fn an_attribute_is_ruled_once() {
    let ask = |name: &str, rule| AttributeRule {
        name: AttributeKey::parse(name).unwrap(),
        rule,
    };
    let mut bad = rules(vec![team(1, 1, &[]); 2]);
    bad.attributes = vec![
        ask("mode", Likeness::Equal),
        ask("mode", Likeness::Different),
    ];
    one(
        bad.clone(),
        "/attributes/1",
        "must not ask for mode to be different where another rule asks for equal",
    );
    bad.attributes[1].rule = Likeness::Equal;
    one(
        bad.clone(),
        "/attributes/1",
        "must not say twice what mode has to be",
    );
    bad.attributes[1].rule = Likeness::Overlap;
    assert!(bad.clone().validated().is_ok());
    bad.attributes = vec![ask("m", Likeness::Overlap); 33];
    assert_eq!(said(bad).len(), 33);
}

#[test]
fn parties_fit_into_teams() {
    let mut bad = rules(vec![team(1, 1, &[]), team(3, 4, &[])]);
    bad.party.max_size = Some(5);
    one(
        bad.clone(),
        "/party/max_size",
        "must be at most 4, the players of the largest team",
    );
    bad.party.max_size = Some(0);
    one(bad.clone(), "/party/max_size", "must be at least 1");
    bad.party.max_size = None;
    bad.party.mirrored = true;
    one(
        bad,
        "/party/mirrored",
        "must not be asked of a team of at most 1 and one of at least 3",
    );
}
