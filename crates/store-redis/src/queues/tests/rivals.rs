//! Many nodes at once: tickets made, cancelled and accepted, matches formed, while leads change; afterwards nothing
//! is lost or there twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use matchmaking::{Match, MatchState, QueuedTicket};

use super::*;
use crate::queues::keys::{Part, Place};
use crate::queues::{MatchLine, QueueNumber, records, wire};

const STEPS: u64 = 120;

/// What one node does, some of it wrong.
async fn play(store: RedisStore, node: u64) {
    let mut known: Vec<MatchId> = Vec::new();
    for step in 0..STEPS {
        let name = node * 1000 + step;
        let player = fastrand::u8(0..12);
        let _ = ask(&store, create_named(name, player), 0).await;
        match fastrand::u8(0..8) {
            0 => drop(ask(&store, cancel(node * 1000 + fastrand::u64(0..=step)), 0).await),
            1..4 => known.extend(form(&store).await),
            4 => drop(store.resign().await),
            _ => {
                for id in known.iter().rev().take(2) {
                    say(&store, *id).await;
                }
            }
        }
    }
}

/// Forms a match of two that wait, as the matchmaker does.
async fn form(store: &RedisStore) -> Option<MatchId> {
    let snapshot = store.snapshot(&queue(), 0).await.unwrap();
    let first = fastrand::usize(0..snapshot.waiting.len().max(1));
    let mut waiting = snapshot.waiting.iter().skip(first).map(|t| t.id().clone());
    let tickets = [waiting.next()?, waiting.next()?];
    let mut random = [0; 16];
    random.fill_with(|| fastrand::u8(..));
    let id = MatchId::from_random(random);
    match ask(store, announce(id, tickets), 0).await {
        Ok(QueueChanged::Announced(done)) if done.matches == 1 => Some(id),
        Ok(_) | Err(MatchError::NotLeader(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

async fn say(store: &RedisStore, id: MatchId) {
    let of = store.find_match(id).await.unwrap();
    let tickets: Vec<_> = of.ticket_ids().cloned().collect();
    if fastrand::u8(0..5) == 0 {
        let (match_id, who) = (id, Who::Ticket(tickets[0].clone()));
        let _ = ask(store, QueueChange::Decline { match_id, who }, 0).await;
    }
    // Both at once.
    let both = tickets
        .into_iter()
        .map(|ticket| ask(store, accept(id, ticket), 0));
    futures_util::future::join_all(both).await;
}

/// All records of a hash.
fn hash(nodes: &Nodes, part: Part) -> HashMap<Vec<u8>, Vec<u8>> {
    let layout = &nodes.all[0].core.layout;
    let place = Place::of(layout, QueueNumber(1));
    let key = String::from_utf8(layout.key(place.room, &place.key(part))).unwrap();
    let words = wire::items(nodes.server.command(&["HGETALL", &key]));
    let pairs = words.chunks_exact(2);
    pairs
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect()
}

fn set(nodes: &Nodes, part: Part) -> BTreeSet<Vec<u8>> {
    let layout = &nodes.all[0].core.layout;
    let place = Place::of(layout, QueueNumber(1));
    let key = String::from_utf8(layout.key(place.room, &place.key(part))).unwrap();
    let members = wire::items(nodes.server.command(&["ZRANGE", &key, "0", "-1"]));
    members.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_in_two_tickets_or_two_matches_whoever_is_first() {
    for acceptance_ms in [Some(HOUR_MS.unsigned_abs()), None] {
        let nodes = Nodes::start(4, 4, acceptance_ms).await;
        let played = nodes.all.iter().zip(0..);
        let played = played.map(|(store, node)| tokio::spawn(play(store.clone(), node)));
        for done in futures_util::future::join_all(played).await {
            done.unwrap();
        }
        check(&nodes).await;
    }
}

async fn check(nodes: &Nodes) {
    let tickets = hash(nodes, Part::Tickets);
    let tickets = tickets
        .values()
        .map(|bytes| records::read_ticket(bytes).unwrap());
    let tickets: Vec<QueuedTicket> = tickets.map(|line| (*line.ticket).clone()).collect();
    let matches = hash(nodes, Part::Matches);
    let matches = matches
        .values()
        .map(|bytes| MatchLine::read(bytes).unwrap());
    let matches: BTreeMap<MatchId, Match> = matches
        .map(|line| (line.of.id, (*line.of).clone()))
        .collect();
    assert!(
        tickets.len() > 20 && matches.len() > 3,
        "too little has happened"
    );
    check_live(nodes, &tickets);
    check_matches(&tickets, &matches);
    check_figures(nodes, &tickets, &matches).await;
}

/// A player is in one live ticket at the most, and found by it.
fn check_live(nodes: &Nodes, tickets: &[QueuedTicket]) {
    let mut live = HashMap::new();
    for ticket in tickets.iter().filter(|ticket| !ticket.state.is_final()) {
        for player in &ticket.ticket.players {
            let name = ticket.id().as_str().as_bytes().to_vec();
            let before = live.insert(player.id.as_bytes().to_vec(), name);
            assert_eq!(before, None, "two tickets of {}", player.id);
        }
    }
    assert_eq!(hash(nodes, Part::Live), live);
    let waits = |ticket: &&QueuedTicket| ticket.state == TicketState::Waiting;
    let waiting: BTreeSet<_> = tickets
        .iter()
        .filter(waits)
        .collect::<Vec<_>>()
        .into_iter()
        .map(|ticket| ticket.id().as_str().as_bytes().to_vec())
        .collect();
    assert_eq!(set(nodes, Part::Waiting), waiting);
    assert_eq!(set(nodes, Part::Expiries), waiting);
}

/// A ticket is in the match that it says, and in no other that is held or may be.
fn check_matches(tickets: &[QueuedTicket], matches: &BTreeMap<MatchId, Match>) {
    let mut claimed: HashMap<TicketId, MatchId> = HashMap::new();
    for (id, of) in matches {
        if !matches!(of.state, MatchState::Failed { .. }) {
            for ticket in of.ticket_ids() {
                assert_eq!(
                    claimed.insert(ticket.clone(), *id),
                    None,
                    "{ticket} is in two"
                );
            }
        }
    }
    for ticket in tickets {
        let claims = claimed.remove(ticket.id());
        match ticket.state {
            TicketState::Proposed { match_id } => {
                assert_eq!(claims, Some(match_id));
                assert!(matches[&match_id].accept_by_ms().is_some());
            }
            TicketState::Matched { match_id, .. } => {
                assert_eq!(claims, Some(match_id));
                assert!(matches[&match_id].has_to_run().is_ok());
            }
            _ => assert_eq!(claims, None, "{ticket:?}"),
        }
    }
    assert!(claimed.is_empty(), "{claimed:?} are not there");
}

async fn check_figures(
    nodes: &Nodes,
    tickets: &[QueuedTicket],
    matches: &BTreeMap<MatchId, Match>,
) {
    let count = |is: fn(&QueuedTicket) -> bool| tickets.iter().filter(|t| is(t)).count() as u64;
    let waiting = count(|ticket| ticket.state == TicketState::Waiting);
    let proposed = count(|ticket| matches!(ticket.state, TicketState::Proposed { .. }));
    let running = matches
        .values()
        .filter(|of| of.has_to_run().is_ok())
        .count() as u64;
    for store in &nodes.all {
        let stats = store.queue_stats(&queue(), 0).await.unwrap();
        let found = (
            stats.waiting_tickets,
            stats.proposed_tickets,
            stats.running_matches,
        );
        assert_eq!(found, (waiting, proposed, running));
        assert_eq!(stats.waiting_players, waiting);
        let snapshot = store.snapshot(&queue(), 0).await.unwrap();
        assert_eq!(snapshot.waiting.len() as u64, waiting);
    }
    assert_eq!(set(nodes, Part::Held).len() as u64, 2 * running);
}
