//! Random rules and random pools, small enough to be searched to the end and mixed enough to break.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use boards::PlayerId;
use matchmaking::{
    AttributeKey, AttributeRule, AttributeText, Clock, LatencyRule, Likeness, PartyRule, Rating,
    RatingRule, Region, Role, Rules, TeamRule, Ticket, TicketId, TicketPlayer, Waiting,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// A ticket with how long it has waited.
pub type Waited = (Ticket, Duration);

pub fn waiting(pool: &[Waited]) -> Vec<Waiting<'_>> {
    let mut all = Vec::new();
    for (ticket, waited) in pool {
        all.push(Waiting {
            ticket,
            waited: *waited,
        });
    }
    all
}

pub fn player_id(number: usize) -> PlayerId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    PlayerId::from_bytes(bytes)
}

pub fn solo(number: usize, rating: f64) -> Ticket {
    Ticket {
        id: TicketId::parse(&format!("t{number}")).unwrap(),
        players: vec![TicketPlayer {
            id: player_id(number),
            rating: Rating {
                mean: rating,
                deviation: 80.0,
                volatility: None,
            },
            roles: Vec::new(),
            latencies_ms: BTreeMap::new(),
            attributes: BTreeMap::new(),
        }],
        priority: 0,
        avoid: Vec::new(),
    }
}

pub fn team(min_size: usize, max_size: usize, roles: &[(&str, usize)]) -> TeamRule {
    let roles = roles.iter().map(|(r, n)| (Role::parse(r).unwrap(), *n));
    TeamRule {
        min_size,
        max_size,
        roles: roles.collect(),
    }
}

pub fn plain(teams: Vec<TeamRule>) -> Rules {
    Rules {
        teams,
        rating: None,
        latency: None,
        attributes: Vec::new(),
        party: PartyRule::default(),
        clock: Clock::Oldest,
    }
}

pub fn key(name: &str) -> AttributeKey {
    AttributeKey::parse(name).unwrap()
}

fn teams() -> impl Strategy<Value = Vec<TeamRule>> {
    select(vec![
        vec![team(1, 1, &[]); 2],
        vec![team(1, 1, &[("tank", 1)]), team(1, 1, &[])],
        vec![team(2, 2, &[]); 2],
        vec![team(2, 2, &[("tank", 1), ("healer", 1)]); 2],
        vec![team(3, 3, &[]); 2],
        vec![team(3, 3, &[("tank", 1), ("healer", 1)]); 2],
        vec![team(1, 3, &[]); 2],
        vec![team(2, 3, &[("healer", 1)]); 2],
        vec![team(1, 1, &[]), team(3, 3, &[])],
        vec![team(1, 2, &[("tank", 1)]), team(2, 4, &[("healer", 2)])],
        vec![team(1, 2, &[]); 3],
        vec![team(2, 3, &[])],
    ])
}

fn rating_rule() -> impl Strategy<Value = Option<RatingRule>> {
    let gap = proptest::option::of(select(vec![0.0, 25.0, 60.0, 150.0]));
    let rule = (
        select(vec![0.0, 50.0, 150.0, 400.0]),
        select(vec![0.0, 2.0, 10.0]),
        gap,
    );
    proptest::option::weighted(
        0.7,
        rule.prop_map(|(spread, widen_per_s, max_team_gap)| RatingRule {
            spread,
            widen_per_s,
            max_spread: spread + 150.0,
            max_team_gap,
        }),
    )
}

fn latency_rule() -> impl Strategy<Value = Option<LatencyRule>> {
    let rule = select(vec![0.0, 1.0]).prop_map(|widen_ms_per_s| LatencyRule {
        max_ms: 60.0,
        widen_ms_per_s,
        ceiling_ms: 120.0,
    });
    proptest::option::weighted(0.35, rule)
}

fn attribute_rules() -> impl Strategy<Value = Vec<AttributeRule>> {
    let rules = [
        ("mode", Likeness::Equal),
        ("clan", Likeness::Different),
        ("lang", Likeness::Overlap),
        ("map", Likeness::Overlap),
    ];
    let rules = rules.map(|(name, rule)| AttributeRule {
        name: key(name),
        rule,
    });
    prop_oneof![
        3 => Just(Vec::new()),
        2 => subsequence(rules.to_vec(), 1..=4),
    ]
}

/// Rules without a contradiction.
pub fn rules() -> impl Strategy<Value = Rules> {
    let clock = select(vec![Clock::Oldest, Clock::Newest]);
    let party = (
        proptest::option::weighted(0.2, select(vec![50.0, 200.0])),
        proptest::bool::weighted(0.15),
    );
    let parts = (
        teams(),
        rating_rule(),
        latency_rule(),
        attribute_rules(),
        party,
        clock,
    );
    parts.prop_map(|(teams, rating, latency, attributes, party, clock)| {
        let can_mirror = teams.iter().all(|team| *team == teams[0]);
        Rules {
            teams,
            rating,
            latency,
            attributes,
            party: PartyRule {
                max_size: None,
                max_spread: party.0,
                mirrored: party.1 && can_mirror,
            },
            clock,
        }
    })
}

fn texts(of: &'static [&'static str]) -> impl Strategy<Value = Vec<AttributeText>> {
    let texts: Vec<AttributeText> = of
        .iter()
        .map(|t| AttributeText::parse(t).unwrap())
        .collect();
    let most = texts.len();
    prop_oneof![
        1 => subsequence(texts.clone(), 0..=most),
        2 => subsequence(texts, 1..=1),
    ]
}

fn attributes() -> impl Strategy<Value = BTreeMap<AttributeKey, Vec<AttributeText>>> {
    let values = (
        texts(&["casual"]),
        texts(&["red", "blue", "green", "black", "white"]),
        texts(&["en", "de", "fr"]),
        texts(&["dust", "ice"]),
    );
    values.prop_map(|(mode, clan, lang, map)| {
        let all = [("mode", mode), ("clan", clan), ("lang", lang), ("map", map)];
        let some = all.into_iter().filter(|(_, values)| !values.is_empty());
        some.map(|(name, values)| (key(name), values)).collect()
    })
}

fn latencies() -> impl Strategy<Value = BTreeMap<Region, f64>> {
    let regions: Vec<Region> = ["eu", "us", "ap"]
        .map(|r| Region::parse(r).unwrap())
        .to_vec();
    let known = subsequence(regions, 1..=3);
    let ms = proptest::collection::vec(select(vec![20.0, 50.0, 60.0, 90.0, 150.0]), 3);
    (known, ms).prop_map(|(regions, ms)| regions.into_iter().zip(ms).collect())
}

fn player() -> impl Strategy<Value = TicketPlayer> {
    let roles: Vec<Role> = ["tank", "healer", "damage"]
        .map(|r| Role::parse(r).unwrap())
        .to_vec();
    let roles = prop_oneof![1 => Just(Vec::new()), 2 => subsequence(roles, 1..=3)];
    let rating = (0..25_i32).prop_map(|step| Rating {
        mean: 1000.0 + 25.0 * f64::from(step),
        deviation: 80.0,
        volatility: None,
    });
    (rating, roles, latencies(), attributes()).prop_map(
        |(rating, roles, latencies_ms, attributes)| TicketPlayer {
            id: player_id(0),
            rating,
            roles,
            latencies_ms,
            attributes,
        },
    )
}

type Draft = (Vec<TicketPlayer>, i32, Vec<prop::sample::Index>, u64, bool);

fn draft() -> impl Strategy<Value = Draft> {
    let size = prop_oneof![5 => 1..=1_usize, 3 => 2..=2_usize, 2 => 3..=4_usize];
    let players = size.prop_flat_map(|size| proptest::collection::vec(player(), size));
    let priority = prop_oneof![4 => Just(0), 1 => -1..=2];
    let avoid = prop_oneof![
        3 => Just(Vec::new()),
        1 => proptest::collection::vec(any::<prop::sample::Index>(), 1..3),
    ];
    (players, priority, avoid, 0..40_u64, any::<bool>())
}

/// Tickets whose players are numbered from 0; parties that are alike in attributes more often than not.
pub fn pool(most: usize) -> impl Strategy<Value = Vec<Waited>> {
    proptest::collection::vec(draft(), 0..=most).prop_map(|drafts| {
        let total: usize = drafts.iter().map(|draft| draft.0.len()).sum();
        let mut number = 0;
        let mut made = Vec::new();
        for (at, (mut players, priority, avoid, waited_s, alike)) in drafts.into_iter().enumerate()
        {
            let first = players[0].clone();
            for player in &mut players {
                player.id = player_id(number);
                number += 1;
                if alike {
                    player.attributes.clone_from(&first.attributes);
                    player.latencies_ms.clone_from(&first.latencies_ms);
                }
            }
            let own: BTreeSet<PlayerId> = players.iter().map(|p| p.id).collect();
            let avoid = avoid.iter().map(|index| player_id(index.index(total)));
            let ticket = Ticket {
                id: TicketId::parse(&format!("t{at}")).unwrap(),
                avoid: avoid.filter(|id| !own.contains(id)).collect(),
                players,
                priority,
            };
            made.push((ticket, Duration::from_secs(waited_s)));
        }
        made
    })
}
