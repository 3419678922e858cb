//! Open seats of running matches.

use std::collections::BTreeMap;
use std::time::Duration;

use matchmaking::{
    AttributeRule, AttributeText, Filled, Likeness, Opening, PartyRule, RatingRule, RatingSystem,
    Region, Role, Rules, Seated, TicketPlayer, filling_violations, form,
};
use proptest::prelude::*;

use crate::generate::{Waited, key, plain, player_id, pool, rules, solo, team, waiting};
use crate::properties::keeps_the_rules;

/// A running match by the tickets of a pool that are in it, with seats that are open.
#[derive(Clone, Debug)]
struct Draft {
    seated: Vec<(TicketPlayer, usize)>,
    seats: Vec<(usize, Option<Role>)>,
    region: Option<Region>,
    waited: Duration,
}

fn draft() -> impl Strategy<Value = Draft> {
    let role = proptest::option::of(proptest::sample::select(vec!["tank", "healer"]));
    let seat = (
        0..3_usize,
        role.prop_map(|r| r.map(|r| Role::parse(r).unwrap())),
    );
    let region = proptest::option::of(proptest::sample::select(vec!["eu", "us"]));
    let seats = proptest::collection::vec(seat, 1..4);
    (pool(3), seats, region, 0..40_u64).prop_map(|(pool, seats, region, waited_s)| {
        let players = pool.into_iter().flat_map(|(ticket, _)| ticket.players);
        let seated = (1_000..).zip(players).map(|(number, mut player)| {
            player.id = player_id(number);
            (player, number)
        });
        Draft {
            seated: seated.collect(),
            seats,
            region: region.map(|r| Region::parse(r).unwrap()),
            waited: Duration::from_secs(waited_s),
        }
    })
}

fn opening<'a>(draft: &'a Draft, teams: usize) -> Opening<'a> {
    let mut opening = Opening {
        region: draft.region.as_ref(),
        teams: vec![Vec::new(); teams],
        seats: vec![Vec::new(); teams],
        waited: draft.waited,
    };
    for (player, number) in &draft.seated {
        opening.teams[number % teams].push(Seated { player, role: None });
    }
    for (team, role) in &draft.seats {
        opening.seats[team % teams].push(role.as_ref());
    }
    opening
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn whoever_joins_keeps_every_rule(
        rules in rules(),
        pool in pool(12),
        drafts in proptest::collection::vec(draft(), 1..4),
    ) {
        let waiting = waiting(&pool);
        let openings: Vec<Opening<'_>> =
            drafts.iter().map(|draft| opening(draft, rules.teams.len())).collect();
        let made = form(&rules, RatingSystem::WengLin, &openings, &waiting);
        keeps_the_rules(&rules, &waiting, &made);
        let mut by_opening: BTreeMap<usize, Vec<Filled>> = BTreeMap::new();
        for one in &made.filled {
            by_opening.entry(one.opening).or_default().push(one.clone());
        }
        for (at, joined) in by_opening {
            let wrong = filling_violations(&rules, &openings[at], &waiting, &joined);
            prop_assert!(wrong.is_empty(), "{wrong:?} by {joined:?}");
        }
    }

    /// A ticket that could join alone does not wait beside an opening that took nobody.
    #[test]
    fn nobody_is_left_beside_a_seat_for_them(rules in rules(), pool in pool(6), draft in draft()) {
        let waiting = waiting(&pool);
        let openings = [opening(&draft, rules.teams.len())];
        let made = form(&rules, RatingSystem::WengLin, &openings, &waiting);
        if !made.filled.is_empty() {
            return Ok(());
        }
        for (at, (ticket, _)) in pool.iter().enumerate() {
            for (team, seats) in openings[0].seats.iter().enumerate() {
                if let Some(roles) = seats.get(..ticket.players.len()) {
                    let filled = Filled {
                        opening: 0,
                        team,
                        ticket: at,
                        roles: roles.iter().map(|role| role.cloned()).collect(),
                    };
                    let wrong = filling_violations(&rules, &openings[0], &waiting, &[filled]);
                    let alone = !wrong.is_empty() || is_unlike(&rules, ticket);
                    prop_assert!(alone, "ticket {at} could join team {team}");
                }
            }
        }
    }
}

/// Whether a party breaks a rule by itself that nobody asks where nobody is seated.
fn is_unlike(rules: &Rules, ticket: &matchmaking::Ticket) -> bool {
    let size = ticket.players.len();
    rules.teams.iter().all(|team| team.max_size < size)
}

fn names(pool: &[Waited], filled: &[Filled]) -> Vec<(String, usize, Vec<Option<String>>)> {
    let role = |role: &Option<Role>| role.as_ref().map(|role| role.as_str().to_owned());
    let one = |f: &Filled| {
        let id = pool[f.ticket].0.id.as_str().to_owned();
        (id, f.team, f.roles.iter().map(role).collect())
    };
    filled.iter().map(one).collect()
}

fn fresh(number: usize, rating: f64) -> Waited {
    (solo(number, rating), Duration::ZERO)
}

fn duo() -> Rules {
    Rules {
        rating: Some(RatingRule {
            spread: 100.0,
            widen_per_s: 10.0,
            max_spread: 500.0,
            max_team_gap: Some(60.0),
        }),
        ..plain(vec![team(2, 2, &[]); 2])
    }
}

#[test]
fn seats_are_filled_before_matches_are_made() {
    let players: Vec<TicketPlayer> = [(90, 1480.0), (91, 1500.0), (92, 1520.0)]
        .map(|(n, r)| solo(n, r).players.remove(0))
        .to_vec();
    let seated = |at: usize| Seated {
        player: &players[at],
        role: None,
    };
    let healer = Role::parse("healer").unwrap();
    let opening = Opening {
        region: None,
        teams: vec![vec![seated(0), seated(1)], vec![seated(2)]],
        seats: vec![vec![], vec![Some(&healer)]],
        waited: Duration::ZERO,
    };
    let mut pool: Vec<Waited> = (0..5).map(|n| fresh(n, 1500.0)).collect();
    for (at, (ticket, waited)) in pool.iter_mut().enumerate() {
        *waited = Duration::from_secs(9 - at as u64);
        ticket.players[0].roles =
            vec![Role::parse(if at < 2 { "tank" } else { "healer" }).unwrap()];
    }
    let openings = [opening];
    let made = form(&duo(), RatingSystem::WengLin, &openings, &waiting(&pool));
    let healer = vec![Some("healer".to_owned())];
    assert_eq!(names(&pool, &made.filled), [("t2".to_owned(), 1, healer)]);
    assert_eq!(made.matches.len(), 1);
    assert!(made.unmatched.is_empty());
}

#[test]
fn who_joins_is_near_those_who_are_seated_or_waits() {
    let low = solo(90, 1300.0).players.remove(0);
    let high = solo(91, 1500.0).players.remove(0);
    let join = |rating: f64, waited_s: u64| {
        let opening = Opening {
            region: None,
            teams: vec![
                vec![Seated {
                    player: &low,
                    role: None,
                }],
                vec![Seated {
                    player: &high,
                    role: None,
                }],
            ],
            seats: vec![vec![None], vec![]],
            waited: Duration::from_secs(waited_s),
        };
        let pool = [fresh(0, rating)];
        form(&duo(), RatingSystem::WengLin, &[opening], &waiting(&pool))
            .filled
            .len()
    };
    // The two are 200 apart already: who stands between them changes nothing, and who makes the teams
    // more equal may come although they stay too far apart.
    assert_eq!(join(1400.0, 0), 1);
    assert_eq!(join(1300.0, 0), 1);
    assert_eq!(join(1510.0, 0), 0);
    assert_eq!(join(1510.0, 10), 0);
    assert_eq!(join(1510.0, 11), 1);
}

#[test]
fn a_match_that_all_have_left_is_founded_anew() {
    let mut rules = plain(vec![team(2, 2, &[]); 2]);
    rules.attributes = vec![AttributeRule {
        name: key("mode"),
        rule: Likeness::Equal,
    }];
    let opening = Opening {
        region: None,
        teams: vec![vec![], vec![]],
        seats: vec![vec![None, None], vec![None]],
        waited: Duration::ZERO,
    };
    let mut pool: Vec<Waited> = (0..4)
        .map(|n| fresh(n, 1500.0 + 100.0 * n as f64))
        .collect();
    for at in [1, 3] {
        let ranked = vec![AttributeText::parse("ranked").unwrap()];
        pool[at].0.players[0].attributes.insert(key("mode"), ranked);
    }
    pool[3].1 = Duration::from_secs(5);
    let openings = [opening];
    let made = form(&rules, RatingSystem::WengLin, &openings, &waiting(&pool));
    let mut joined: Vec<usize> = made.filled.iter().map(|f| f.ticket).collect();
    joined.sort_unstable();
    assert_eq!(joined, [1, 3]);
}

#[test]
fn parties_join_whole_and_mirrored_ones_not_at_all() {
    let player = solo(90, 1500.0).players.remove(0);
    let mut party = solo(0, 1500.0);
    party.players.extend(solo(1, 1500.0).players);
    let pool = [(party, Duration::from_secs(1)), fresh(2, 1500.0)];
    let opening = Opening {
        region: None,
        teams: vec![
            vec![Seated {
                player: &player,
                role: None,
            }],
            vec![],
        ],
        seats: vec![vec![None], vec![None, None]],
        waited: Duration::ZERO,
    };
    let openings = [opening];
    let mut rules = plain(vec![team(2, 2, &[]); 2]);
    let made = form(&rules, RatingSystem::WengLin, &openings, &waiting(&pool));
    let teams: Vec<(usize, usize)> = made.filled.iter().map(|f| (f.ticket, f.team)).collect();
    assert_eq!(teams, [(1, 0), (0, 1)]);
    rules.party = PartyRule {
        mirrored: true,
        ..PartyRule::default()
    };
    let made = form(&rules, RatingSystem::WengLin, &openings, &waiting(&pool));
    assert_eq!(
        made.filled.iter().map(|f| f.ticket).collect::<Vec<_>>(),
        [1]
    );
}
