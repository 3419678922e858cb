//! What rules may look like, what they come to, and that they come back.

use fields::{Fault, read_object};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(rules: &Value) -> Result<Rules, Vec<Fault>> {
    let mut faults = Vec::new();
    let read = read_object::<NewRules>(rules, "", &mut faults);
    read.map(|NewRules(rules)| rules).ok_or(faults)
}

fn told(rules: Value) -> Vec<String> {
    let faults = read(&rules).unwrap_err().into_iter();
    let told = faults.map(|f| format!("{} {}", f.pointer.unwrap_or_default(), f.detail));
    told.collect()
}

fn one_on_one() -> Value {
    json!({"count": 2, "min_size": 1})
}

#[test]
fn teams_of_one_kind_and_teams_that_differ() {
    let equal = read(&json!({"teams": {"min_size": 2, "roles": {"tank": 1.0}}})).unwrap();
    assert_eq!(equal.teams.len(), 2);
    assert_eq!((equal.teams[1].min_size, equal.teams[1].max_size), (2, 2));
    assert_eq!(equal.teams[1].roles[&Role::parse("tank").unwrap()], 1);
    let hunt = json!({"teams": [{"min_size": 1}, {"min_size": 3, "max_size": 4}]});
    let hunt = read(&hunt).unwrap();
    assert_eq!((hunt.min_players(), hunt.max_players()), (4, 5));
}

#[test]
fn what_is_left_out_has_its_default() {
    let rules = read(&json!({"teams": one_on_one()})).unwrap();
    assert_eq!((&rules.rating, &rules.latency), (&None, &None));
    assert_eq!(rules.party, PartyRule::default());
    assert_eq!(rules.clock, Clock::Oldest);
    let rules =
        json!({"teams": one_on_one(), "rating": {"spread": 100}, "latency": {"max_ms": 80}});
    let rules = read(&rules).unwrap();
    let (rating, latency) = (rules.rating.unwrap(), rules.latency.unwrap());
    assert_eq!((rating.widen_per_s, rating.max_spread), (0.0, 100.0));
    assert_eq!(rating.max_team_gap, None);
    assert_eq!((latency.widen_ms_per_s, latency.ceiling_ms), (0.0, 80.0));
}

#[test]
fn what_widens_and_has_no_end_widens_without_end() {
    let rules = json!({
        "teams": one_on_one(), "rating": {"spread": 100, "widen_per_s": 1},
        "latency": {"max_ms": 80, "widen_ms_per_s": 1},
    });
    let rules = read(&rules).unwrap();
    assert_eq!(rules.rating.unwrap().limit(1e6), 1_000_100.0);
    assert_eq!(rules.latency.unwrap().limit_ms(1e6), 1_000_080.0);
}

#[test]
fn the_clock_is_told_with_the_rating_rule_or_beside_it() {
    let with = |rating: Value, clock: Value| json!({"teams": one_on_one(), "rating": rating, "clock": clock});
    for good in [
        with(json!({"spread": 1, "clock": "newest"}), Value::Null),
        with(json!({"spread": 1, "clock": "newest"}), json!("newest")),
        with(json!({"spread": 1}), json!("newest")),
        with(Value::Null, json!("newest")),
    ] {
        assert_eq!(read(&good).unwrap().clock, Clock::Newest, "{good}");
    }
    assert_eq!(
        told(with(
            json!({"spread": 1, "clock": "newest"}),
            json!("oldest")
        )),
        ["/clock must not be another than /rating/clock"]
    );
}

#[test]
fn every_fault_is_told_with_its_place() {
    let bad = json!({
        "teams": {"count": 33, "min_size": 0, "max_size": "5", "roles": {"Tank": 1, "healer": -1}, "size": 5},
        "rating": {"spread": -1, "widen_per_s": "x", "max_team_gap": 1e300, "clock": "eldest"},
        "latency": {"ceiling_ms": null},
        "attributes": [{"name": "Mode", "rule": "same"}, 7, {"name": "a", "rule": "equal", "value": 1}],
        "party": {"max_size": 65, "mirrored": "yes"},
        "clock": 1,
        "ratings": {},
    });
    let expected = [
        "/ratings is not known here",
        "/teams/size is not known here",
        "/teams/count must be a whole number from 1 to 32",
        "/teams/min_size must be a whole number from 1 to 64",
        "/teams/max_size must be a whole number from 1 to 64",
        "/teams/roles/Tank must be named by 1 to 32 of a-z, 0-9, _ and -",
        "/teams/roles/healer must be a whole number from 1 to 64",
        "/rating/spread must be a number from 0 to 1000000000",
        "/rating/widen_per_s must be a number",
        "/rating/max_team_gap must be a number from 0 to 1000000000",
        "/rating/clock must be oldest or newest",
        "/latency/max_ms is missing",
        "/attributes/0/name must be 1 to 32 of a-z, 0-9, _ and -",
        "/attributes/0/rule must be equal, different or overlap",
        "/attributes/1 must be an object",
        "/attributes/2/value is not known here",
        "/party/max_size must be a whole number from 1 to 64",
        "/party/mirrored must be true or false",
        "/clock must be a string",
    ];
    assert_eq!(told(bad), expected);
    assert_eq!(told(json!({})), ["/teams is missing"]);
    assert_eq!(
        told(json!({"teams": 2})),
        ["/teams must be an object or an array"]
    );
}

#[test]
fn contradictions_have_the_places_that_were_sent() {
    for (bad, expected) in [
        (
            json!({"teams": {"min_size": 5, "max_size": 4}}),
            "/teams/max_size must be at least min_size, 5",
        ),
        (
            json!({"teams": [{"min_size": 5, "max_size": 4}, {"min_size": 5, "max_size": 4}]}),
            "/teams/0/max_size must be at least min_size, 5",
        ),
        (
            json!({"teams": [{"min_size": 1}, {"min_size": 3, "roles": {"tank": 4}}]}),
            "/teams/1/roles must not add up to 4, more than min_size, 3",
        ),
        (json!({"teams": []}), "/teams must be at least 1"),
        (
            json!({"teams": one_on_one(), "rating": {"spread": 100, "max_spread": 50}}),
            "/rating/max_spread must be at least spread, 100",
        ),
        (
            json!({"teams": one_on_one(), "latency": {"max_ms": 100, "ceiling_ms": 50}}),
            "/latency/ceiling_ms must be at least max_ms, 100",
        ),
        (
            json!({"teams": one_on_one(), "party": {"max_size": 2}}),
            "/party/max_size must be at most 1, the players of the largest team",
        ),
    ] {
        assert_eq!(told(bad), [expected]);
    }
    let two = told(json!({
        "teams": {"min_size": 5, "max_size": 4}, "rating": {"spread": 100, "max_spread": 50},
    }));
    assert_eq!(two.len(), 2);
}

fn amounts() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), 0.0..1e9_f64, (0..2000_u32).prop_map(f64::from)]
}

fn teams_sent() -> impl Strategy<Value = Value> {
    let team = (1..=3_u64, 0..=2_u64, prop::bool::ANY).prop_map(|(min, more, tank)| {
        let roles = if tank { json!({"tank": 1}) } else { json!({}) };
        json!({"min_size": min, "max_size": min + more, "roles": roles})
    });
    prop::collection::vec(team, 1..5).prop_map(Value::from)
}

proptest! {
    #[test]
    fn rules_come_back_as_they_were_sent(
        teams in teams_sent(),
        rating in prop::option::of((amounts(), amounts(), amounts(), prop::option::of(amounts()))),
        latency in prop::option::of((amounts(), amounts(), amounts())),
        newest in prop::bool::ANY,
    ) {
        let sent = json!({
            "teams": teams,
            "rating": rating.map(|(spread, widen, more, gap)| json!({
                "spread": spread, "widen_per_s": widen, "max_spread": (spread + more).min(1e9), "max_team_gap": gap,
            })),
            "latency": latency.map(|(max, widen, more)| json!({
                "max_ms": max, "widen_ms_per_s": widen, "ceiling_ms": (max + more).min(1e9),
            })),
            "attributes": [{"name": "mode", "rule": "equal"}],
            "party": {"max_spread": 7.5, "mirrored": false},
            "clock": if newest { "newest" } else { "oldest" },
        });
        let rules = read(&sent).unwrap();
        let written = serde_json::to_value(RulesBody::from(&rules)).unwrap();
        prop_assert_eq!(read(&written), Ok(rules), "{}", written);
    }
}
