//! Players who wait for a match, play it, and tell its result; and what has to be so afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::client::Client;

const QUEUE: &str = "/v1/queues/duel";

fn player(gamer: usize) -> String {
    format!("00000000-0000-4000-9000-{gamer:012}")
}

/// Makes the queue and the players.
pub fn prepare(client: &Client) {
    let one = |n| json!({"player_id": player(n), "display_name": format!("g{n}")});
    let players: Vec<Value> = (0..crate::GAMERS).map(one).collect();
    let body = json!({"players": players});
    client.done("POST", "/v1/players:batch", Some("gamers"), Some(&body));
    let settings = json!({"teams": {"count": 2, "min_size": 1}});
    client.done("PUT", QUEUE, None, Some(&settings));
}

/// Who plays, and the tickets that came into a match, with it.
pub struct Gamer {
    number: usize,
    played: BTreeMap<String, String>,
}

impl Gamer {
    /// Plays one match after the other until it is over.
    pub fn play(number: usize, client: &Client, over: &AtomicBool) -> Self {
        let mut gamer = Gamer {
            number,
            played: BTreeMap::new(),
        };
        let mut games = 0;
        while !over.load(Ordering::Acquire) {
            let ticket = format!("t-{number}-{games}");
            games += 1;
            if let Some(of) = gamer.matched(client, &ticket, over) {
                // The other one tells the same.
                let result = json!({"placements": [1, 2]});
                let path = format!("/v1/matches/{of}/result");
                let key = format!("result-{number}-{of}");
                let told = client.done("POST", &path, Some(&key), Some(&result));
                assert_eq!(told["status"], "finished", "{told}");
                gamer.played.insert(ticket, of);
            }
        }
        gamer
    }

    /// Waits with a ticket until it is in a match; `None` if it is over before.
    fn matched(&self, client: &Client, ticket: &str, over: &AtomicBool) -> Option<String> {
        let body = json!({"ticket_id": ticket, "players": [{"player_id": player(self.number)}]});
        let tickets = format!("{QUEUE}/tickets");
        client.done("POST", &tickets, Some(ticket), Some(&body));
        let path = format!("{tickets}/{ticket}");
        loop {
            let seen = client.get(&format!("{path}?wait=2s"));
            match seen["status"].as_str().unwrap() {
                "matched" => return seen["match_id"].as_str().map(str::to_owned),
                "waiting" if over.load(Ordering::Acquire) => {
                    let cancelled = client.insist("DELETE", &path, None, None);
                    if matches!(cancelled.status, 200 | 204) {
                        return None;
                    }
                    assert_eq!(cancelled.status, 409, "{}", cancelled.body);
                }
                "waiting" => {}
                // It was cancelled by a repetition whose first answer was lost.
                "cancelled" if over.load(Ordering::Acquire) => return None,
                other => panic!("ticket {ticket} is {other}: {seen}"),
            }
        }
    }
}

/// Each ticket is in one match, each match has one ticket of two gamers, and each result has counted once.
pub fn check_games(client: &Client, gamers: &[Gamer]) {
    let mut of_match: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for gamer in gamers {
        for (ticket, of) in &gamer.played {
            of_match.entry(of).or_default().insert(ticket.clone());
        }
    }
    println!("{} matches were held", of_match.len());
    assert!(of_match.len() > 3, "hardly anybody has played");
    for (of, tickets) in &of_match {
        let held = client.get(&format!("/v1/matches/{of}"));
        assert_eq!(held["status"], "finished", "{held}");
        assert_eq!(tickets_of(&held), *tickets, "{held}");
        assert_eq!(tickets.len(), 2, "{held}");
    }
    for gamer in gamers {
        check_history(client, gamer);
    }
}

fn tickets_of(held: &Value) -> BTreeSet<String> {
    let teams = held["teams"].as_array().unwrap().iter();
    let tickets = teams.flat_map(|team| team["tickets"].as_array().unwrap());
    tickets.map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// A time as text that sorts as times do: with all of its fraction.
fn instant(time: &Value) -> String {
    let text = time.as_str().unwrap().trim_end_matches('Z');
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}.{fraction:0<9}")
}

fn check_history(client: &Client, gamer: &Gamer) {
    let id = player(gamer.number);
    let mut found = BTreeSet::new();
    let mut spans: Vec<(String, String)> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/v1/players/{id}/matches?limit=100{cursor}"));
        for held in page["matches"].as_array().unwrap() {
            found.insert(held["match_id"].as_str().unwrap().to_owned());
            spans.push((instant(&held["created_at"]), instant(&held["ended_at"])));
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let played: BTreeSet<String> = gamer.played.values().cloned().collect();
    assert_eq!(
        played.len(),
        gamer.played.len(),
        "a match for two tickets of one player"
    );
    assert_eq!(found, played, "what gamer {} has played", gamer.number);
    spans.sort();
    for pair in spans.windows(2) {
        assert!(
            pair[0].1 <= pair[1].0,
            "gamer {} was in two matches: {pair:?}",
            gamer.number
        );
    }
    let ratings = client.get(&format!("/v1/players/{id}/ratings"));
    let rated = &ratings["ratings"][0]["matches"];
    assert_eq!(*rated, played.len(), "each result counts once: {ratings}");
}
