//! Why tickets are left: against exhaustive search, and sentence by sentence.

use std::time::Duration;

use matchmaking::{
    AttributeRule, AttributeText, Clock, LatencyRule, Likeness, RatingRule, RatingSystem, Reason,
    Region, Role, Rules, Ticket, form,
};
use proptest::prelude::*;

use crate::exhaustive::Possible;
use crate::generate::{Waited, key, plain, player_id, pool, rules, solo, team, waiting};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Only those who are served later could have been in a match.
    #[test]
    fn a_ticket_with_a_reason_is_in_no_match(rules in rules(), pool in pool(7)) {
        let waiting = waiting(&pool);
        let made = form(&rules, RatingSystem::WengLin, &[], &waiting);
        let possible = Possible::of(&rules, &waiting);
        let all = (1 << pool.len()) - 1;
        for one in &made.unmatched {
            let could = possible.has_match_of(one.ticket, all);
            prop_assert_eq!(could, one.reason == Reason::ServedLater, "{:?}", one);
            prop_assert!(!one.detail.is_empty());
        }
    }

    /// Without the rule that is named there is a match.
    #[test]
    fn the_rule_that_is_named_is_in_the_way(rules in rules(), pool in pool(7)) {
        let waiting = waiting(&pool);
        let all = (1 << pool.len()) - 1;
        let mut lenient = rules.clone();
        if let Some(rule) = &mut lenient.rating {
            rule.max_team_gap = None;
        }
        let without_gap = Possible::of(&lenient, &waiting);
        lenient.teams.iter_mut().for_each(|team| team.roles.clear());
        let without_roles = Possible::of(&lenient, &waiting);
        for one in form(&rules, RatingSystem::WengLin, &[], &waiting).unmatched {
            let is_gap = without_gap.has_match_of(one.ticket, all);
            let is_roles = without_roles.has_match_of(one.ticket, all);
            let right = match one.reason {
                Reason::TeamGapTooWide => is_gap,
                Reason::RolesUnfilled => is_roles && !is_gap,
                Reason::ServedLater => true,
                _ => !is_gap && !is_roles,
            };
            prop_assert!(right, "{one:?}");
        }
    }
}

fn fresh(tickets: Vec<Ticket>) -> Vec<Waited> {
    tickets
        .into_iter()
        .map(|ticket| (ticket, Duration::ZERO))
        .collect()
}

/// Tickets of one party each, with these many players of these ratings.
fn parties(of: &[&[f64]]) -> Vec<Ticket> {
    let mut number = 0;
    let mut made = Vec::new();
    for ratings in of {
        let mut party = solo(number, ratings[0]);
        party.players.clear();
        for rating in *ratings {
            party.players.extend(solo(number, *rating).players);
            number += 1;
        }
        made.push(party);
    }
    made
}

fn said(rules: &Rules, pool: &[Waited], ticket: usize) -> (Reason, String) {
    let made = form(rules, RatingSystem::WengLin, &[], &waiting(pool));
    let one = made
        .unmatched
        .into_iter()
        .find(|one| one.ticket == ticket)
        .unwrap();
    (one.reason, one.detail)
}

fn says(rules: &Rules, pool: &[Waited], ticket: usize, reason: Reason, detail: &str) {
    assert_eq!(said(rules, pool, ticket), (reason, detail.to_owned()));
}

fn duel() -> Rules {
    plain(vec![team(1, 1, &[]); 2])
}

fn widening(max_team_gap: Option<f64>) -> RatingRule {
    RatingRule {
        spread: 100.0,
        widen_per_s: 10.0,
        max_spread: 500.0,
        max_team_gap,
    }
}

#[test]
fn a_party_may_be_in_its_own_way() {
    let pool = fresh(parties(&[&[1500.0, 1500.0], &[1500.0], &[1900.0]]));
    let detail = "the party has 2 players; teams have 1 at the most";
    says(&duel(), &pool, 0, Reason::PartyTooLarge, detail);

    let mut rules = plain(vec![team(2, 2, &[]); 2]);
    rules.party.max_size = Some(1);
    let detail = "the party has 2 players; parties have 1 at the most";
    says(&rules, &pool, 0, Reason::PartyTooLarge, detail);

    rules.party.max_size = None;
    rules.party.max_spread = Some(99.5);
    let pool = fresh(parties(&[&[1500.0, 1600.0]]));
    let detail = "the party's players are 100 apart; those of a party may be 99.5";
    says(&rules, &pool, 0, Reason::PartyConflict, detail);
}

#[test]
fn a_party_may_have_nothing_in_common() {
    let mut rules = plain(vec![team(2, 2, &[]); 2]);
    rules.attributes = vec![AttributeRule {
        name: key("mode"),
        rule: Likeness::Equal,
    }];
    let mut pool = fresh(parties(&[&[1500.0, 1500.0]]));
    let ranked = vec![AttributeText::parse("ranked").unwrap()];
    pool[0].0.players[1].attributes.insert(key("mode"), ranked);
    let detail = "the party's players do not have the same mode";
    says(&rules, &pool, 0, Reason::PartyConflict, detail);
    rules.attributes[0].rule = Likeness::Overlap;
    let detail = "there is no mode that all of the party have";
    says(&rules, &pool, 0, Reason::PartyConflict, detail);
}

fn latency(clock: Clock) -> Rules {
    Rules {
        latency: Some(LatencyRule {
            max_ms: 80.0,
            widen_ms_per_s: 2.0,
            ceiling_ms: 200.0,
        }),
        clock,
        ..duel()
    }
}

fn at(mut ticket: Ticket, regions: &[(&str, f64)]) -> Ticket {
    let regions = regions
        .iter()
        .map(|(r, ms)| (Region::parse(r).unwrap(), *ms));
    ticket.players[0].latencies_ms = regions.collect();
    ticket
}

#[test]
fn regions_are_too_far_for_one_or_for_two() {
    let rules = latency(Clock::Oldest);
    let pool = fresh(vec![
        at(solo(0, 1500.0), &[("eu", 130.0), ("us", 210.0)]),
        solo(1, 1500.0),
    ]);
    let detail = "the nearest region, eu, is 130 ms away; limit 80 ms now, reached in 25 s";
    says(&rules, &pool, 0, Reason::PartyConflict, detail);
    let detail = "the player has no latency to any region";
    says(&rules, &pool, 1, Reason::PartyConflict, detail);
    let pool = fresh(vec![at(solo(0, 1500.0), &[("us", 210.0)])]);
    let detail =
        "the nearest region, us, is 210 ms away; limit 80 ms now, never reached, it ends at 200";
    says(&rules, &pool, 0, Reason::PartyConflict, detail);

    let pool = fresh(vec![
        at(solo(0, 1500.0), &[("eu", 30.0)]),
        at(solo(1, 1500.0), &[("us", 30.0)]),
    ]);
    let detail =
        "1 more player is needed, none waits near enough to eu; limit 80 ms now, 200 at the end";
    says(&rules, &pool, 0, Reason::LatencyTooHigh, detail);
}

#[test]
fn too_few_wait_or_too_few_are_alike() {
    let mut rules = plain(vec![team(2, 2, &[]); 2]);
    let mut pool = fresh(vec![solo(0, 1500.0), solo(1, 1500.0), solo(2, 1500.0)]);
    let detail = "3 more players are needed, 2 wait here that can be in a match";
    says(&rules, &pool, 0, Reason::TooFewPlayers, detail);

    rules.attributes = vec![AttributeRule {
        name: key("mode"),
        rule: Likeness::Equal,
    }];
    let ranked = vec![AttributeText::parse("ranked").unwrap()];
    pool.extend(fresh(vec![solo(3, 1500.0), solo(4, 1500.0)]));
    for at in [3, 4] {
        pool[at].0.players[0]
            .attributes
            .insert(key("mode"), ranked.clone());
    }
    let detail = "3 more players are needed, 2 wait whose attributes (mode) fit";
    says(&rules, &pool, 0, Reason::AttributesDiffer, detail);
    rules.attributes[0].rule = Likeness::Different;
    says(&rules, &pool[1..], 2, Reason::AttributesDiffer, detail);
}

#[test]
fn others_are_avoided() {
    let mut pool = fresh(vec![solo(0, 1500.0), solo(1, 1500.0)]);
    pool[0].0.avoid.push(player_id(1));
    let detail = "1 more player is needed, none waits whom nobody here avoids";
    says(&duel(), &pool, 0, Reason::Avoided, detail);
    says(&duel(), &pool, 1, Reason::Avoided, detail);
}

#[test]
fn ratings_are_too_far_now_or_for_ever() {
    let mut rules = duel();
    rules.rating = Some(widening(None));
    let mut pool = fresh(vec![solo(0, 1500.0), solo(1, 1840.0)]);
    pool[0].1 = Duration::from_millis(12_500);
    let detail = "nearest compatible ticket is 340 away; limit 225 now, reached in 11.5 s";
    says(&rules, &pool, 0, Reason::RatingTooFar, detail);
    says(&rules, &pool, 1, Reason::RatingTooFar, detail);
    rules.clock = Clock::Newest;
    let detail = "nearest compatible ticket is 340 away; limit 100 now, reached in 24 s";
    says(&rules, &pool, 0, Reason::RatingTooFar, detail);
    pool[1].0 = solo(1, 2001.0);
    let detail =
        "nearest compatible ticket is 501 away; limit 100 now, never reached, it ends at 500";
    says(&rules, &pool, 0, Reason::RatingTooFar, detail);

    let mut rules = plain(vec![team(2, 2, &[]); 2]);
    rules.rating = Some(widening(None));
    let ratings = [1500.0, 1510.0, 1520.0, 1650.0];
    let pool = fresh((0..).zip(ratings).map(|(n, r)| solo(n, r)).collect());
    let detail = "the nearest 3 compatible players and this party are 150 apart; limit 100 now, \
                  reached in 5 s";
    says(&rules, &pool, 3, Reason::RatingTooFar, detail);
}

#[test]
fn roles_parties_and_gaps_are_told_apart() {
    let mut rules = plain(vec![team(2, 2, &[("healer", 1)]); 2]);
    let mut pool = fresh((0..4).map(|n| solo(n, 1500.0 + 10.0 * n as f64)).collect());
    for (ticket, _) in &mut pool[1..] {
        ticket.players[0].roles = vec![Role::parse("tank").unwrap()];
    }
    let detail = "healer: 2 needed, 1 of the 4 compatible players are willing";
    says(&rules, &pool, 2, Reason::RolesUnfilled, detail);

    rules = plain(vec![team(3, 3, &[]); 2]);
    let pool = fresh(parties(&[&[1500.0; 2], &[1500.0; 2], &[1500.0; 2]]));
    let detail = "the compatible parties (3 of 2) do not add up to teams of 3 and 3";
    says(&rules, &pool, 0, Reason::PartiesDoNotFit, detail);

    rules = plain(vec![team(2, 2, &[]); 2]);
    rules.party.mirrored = true;
    let pool = fresh(parties(&[&[1500.0; 2], &[1500.0], &[1500.0]]));
    let detail = "the compatible parties (2 of 1, 1 of 2) do not add up to teams of 2 and 2 that mirror \
                  each other";
    says(&rules, &pool, 0, Reason::PartiesDoNotFit, detail);

    rules.party.mirrored = false;
    rules.rating = Some(widening(Some(60.0)));
    let pool = fresh(parties(&[&[1500.0; 2], &[1561.0; 2]]));
    let detail = "no teams of the 2 compatible tickets are within 60 of each other";
    says(&rules, &pool, 0, Reason::TeamGapTooWide, detail);
}

#[test]
fn those_served_first_are_told() {
    let pool = fresh(vec![solo(0, 1500.0), solo(1, 1510.0), solo(2, 1530.0)]);
    let detail =
        "2 of the 2 nearest compatible tickets are in other matches, which were served first";
    says(&duel(), &pool, 2, Reason::ServedLater, detail);
}
