//! The few players, queues, tickets and settings that steps are made of: few, so that they meet.

use std::collections::{BTreeMap, BTreeSet};

use boards::{BoardId, PlayerId};
use matchmaking::{
    BackfillId, BoardFeed, Clock, Feed, NewTicket, NewTicketPlayer, OpenSeat, PartyRule, QueueId,
    QueueSettings, RatingSystem, Role, Rules, TeamRule, TicketId,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

const PLAYERS: u8 = 14;
const TICKETS: u8 = 40;

pub(super) fn id(n: u8) -> PlayerId {
    PlayerId::from_bytes([n.wrapping_mul(29).wrapping_add(1); 16])
}

pub(super) fn players() -> impl Iterator<Item = PlayerId> {
    (0..PLAYERS).map(id)
}

pub(super) fn player_id() -> impl Strategy<Value = PlayerId> {
    (0..PLAYERS).prop_map(id)
}

pub(super) fn queues() -> [QueueId; 2] {
    ["duel", "team"].map(|name| QueueId::parse(name).unwrap())
}

pub(super) fn queue() -> impl Strategy<Value = QueueId> {
    select(Vec::from(queues()))
}

pub(super) fn ticket_id(n: u8) -> TicketId {
    TicketId::parse(&format!("T.{n}")).unwrap()
}

pub(super) fn ticket_ids() -> impl Iterator<Item = TicketId> {
    (0..TICKETS).map(ticket_id)
}

pub(super) fn any_ticket_id() -> impl Strategy<Value = TicketId> {
    (0..TICKETS).prop_map(ticket_id)
}

pub(super) fn backfill_ids() -> impl Iterator<Item = BackfillId> {
    (0..4).map(ticket_id)
}

pub(super) fn backfill_id() -> impl Strategy<Value = BackfillId> {
    (0..4_u8).prop_map(ticket_id)
}

pub(super) fn board_ids() -> [BoardId; 3] {
    ["global", "b", "bounded"].map(|name| BoardId::parse(name).unwrap())
}

fn tank() -> Role {
    Role::parse("tank").unwrap()
}

pub(super) fn ticket() -> impl Strategy<Value = NewTicket> {
    let size = prop_oneof![8 => Just(1_usize), 4 => Just(2), 1 => Just(3)];
    let party = size.prop_flat_map(|size| btree_set(0..PLAYERS, size));
    let rating = prop::option::of((
        select(vec![900.0, 1500.5, 2100.0]),
        prop::option::of(Just(90.0)),
    ));
    let avoid = prop_oneof![3 => Just(Vec::new()), 1 => vec(player_id(), 1..3)];
    let rest = (rating, 0..2_i32, any::<bool>(), avoid);
    (any_ticket_id(), party, rest).prop_map(|(ticket, party, (rating, priority, tanks, avoid))| {
        NewTicket {
            id: ticket,
            players: party
                .into_iter()
                .map(|n| new_player(id(n), rating, tanks))
                .collect(),
            priority,
            avoid,
        }
    })
}

fn new_player(id: PlayerId, rating: Option<(f64, Option<f64>)>, tanks: bool) -> NewTicketPlayer {
    NewTicketPlayer {
        id,
        rating,
        roles: tanks.then(tank).into_iter().collect(),
        latencies_ms: BTreeMap::new(),
        attributes: BTreeMap::new(),
    }
}

pub(super) fn settings() -> impl Strategy<Value = QueueSettings> {
    let sizes = select(vec![(1, 1), (1, 2), (1, 3), (2, 2)]);
    let acceptance_ms = select(vec![None, Some(40), Some(100)]);
    let ticket_ttl_ms = select(vec![60, 300, 5000]);
    let system = select(vec![
        RatingSystem::WengLin,
        RatingSystem::Glicko2,
        RatingSystem::Elo,
        RatingSystem::Trueskill,
    ]);
    let feed = (select(Vec::from(board_ids())), feed());
    let boards = vec(
        feed.prop_map(|(board, submit)| BoardFeed { board, submit }),
        0..3,
    );
    let spread = prop::option::weighted(0.2, Just(100.0));
    (
        sizes,
        2..4_usize,
        acceptance_ms,
        ticket_ttl_ms,
        system,
        boards,
        spread,
    )
        .prop_map(
            |(
                (min_size, max_size),
                teams,
                acceptance_ms,
                ticket_ttl_ms,
                rating_system,
                boards,
                spread,
            )| {
                let team = TeamRule {
                    min_size,
                    max_size,
                    roles: BTreeMap::from([(tank(), 1)]),
                };
                QueueSettings {
                    rules: Rules {
                        teams: vec![team; teams],
                        rating: None,
                        latency: None,
                        attributes: Vec::new(),
                        party: PartyRule {
                            max_spread: spread,
                            ..PartyRule::default()
                        },
                        clock: Clock::Oldest,
                    },
                    acceptance_ms,
                    ticket_ttl_ms,
                    rating_system,
                    boards,
                }
            },
        )
}

fn feed() -> impl Strategy<Value = Feed> {
    prop_oneof![
        Just(Feed::Rating),
        Just(Feed::CautiousRating),
        Just(Feed::Wins),
        Just(Feed::Points(vec![3.0, 1.5])),
    ]
}

pub(super) fn seats() -> impl Strategy<Value = Vec<OpenSeat>> {
    let role = prop::option::weighted(0.3, select(vec![tank(), Role::parse("healer").unwrap()]));
    let team = prop_oneof![8 => 0..2_usize, 1 => Just(3)];
    vec(
        (team, role).prop_map(|(team, role)| OpenSeat { team, role }),
        0..3,
    )
}

/// Roles that a player may be given: mostly none.
pub(super) fn role(n: usize) -> Option<Role> {
    n.is_multiple_of(4).then(tank)
}

pub(super) fn some_tickets() -> impl Strategy<Value = BTreeSet<TicketId>> {
    btree_set(any_ticket_id(), 1..4)
}
