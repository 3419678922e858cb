//! What has to be true of everything that was acknowledged or shown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use testkit::App;

use super::load::{CLIENTS, Known, is_final, player, stage};

/// After a restart: all that was made is there, and whatever was shown as final is as it was.
pub fn settle(app: &App, known: &Known) {
    for (id, shown) in &known.tickets {
        let reply = app.get(&format!("/v1/queues/q/tickets/{id}"));
        assert_eq!(reply.status, 200, "{id} is gone; it was {shown}");
        let now = reply.json();
        if is_final(shown) {
            for key in ["status", "match_id", "cancelled_because", "created_at"] {
                assert_eq!(now[key], shown[key], "{id}: {key}");
            }
        }
    }
    for (id, shown) in &known.matches {
        let reply = app.get(&format!("/v1/matches/{id}"));
        assert_eq!(reply.status, 200, "{id} is gone; it was {shown}");
        let now = reply.json();
        let ended = ["finished", "failed"].contains(&shown["status"].as_str().unwrap());
        if ended {
            assert_eq!(now, *shown);
        } else {
            let began = stage(shown) == 2;
            let may = if began {
                stage(&now) == 2 || stage(&now) == 3
            } else {
                true
            };
            assert!(may, "{id} was {shown}, and is {now}");
        }
    }
    for (id, result) in &known.results {
        let now = app.get(&format!("/v1/matches/{id}")).json();
        assert_eq!(now["result"], *result, "{id}");
    }
}

/// Of every match that any ticket was in or is in.
pub fn nobody_is_in_two_matches(app: &App, known: &Known) {
    let mut ids: BTreeSet<String> = known.matches.keys().cloned().collect();
    for id in known.tickets.keys() {
        let ticket = app.get(&format!("/v1/queues/q/tickets/{id}")).json();
        ids.extend(ticket["match_id"].as_str().map(str::to_owned));
    }
    let mut seen = BTreeMap::new();
    for id in ids {
        let of = app.get(&format!("/v1/matches/{id}")).json();
        if of["status"] == "failed" {
            continue;
        }
        for team in of["teams"].as_array().unwrap() {
            for ticket in team["tickets"].as_array().unwrap() {
                let before = seen.insert(ticket.to_string(), id.clone());
                assert_eq!(before, None, "{ticket} is in {id} as well");
                let path = format!("/v1/queues/q/tickets/{}", ticket.as_str().unwrap());
                assert_eq!(app.get(&path).json()["match_id"], id);
            }
        }
    }
}

pub fn every_result_counts_once(app: &App, known: &Known) {
    let mut reported = BTreeSet::new();
    for number in 0..CLIENTS {
        let id = player(number);
        let (mut matches, mut wins) = (0, 0);
        for of in history(app, &id) {
            let places = of["result"]["placements"].as_array().unwrap().clone();
            let teams = of["teams"].as_array().unwrap();
            let own = teams
                .iter()
                .position(|t| t["players"][0]["player_id"] == id);
            matches += 1;
            wins += u64::from(places[own.unwrap()] == 1);
            reported.insert(of["match_id"].as_str().unwrap().to_owned());
        }
        let ratings = app.get(&format!("/v1/players/{id}/ratings")).json();
        let rated = ratings["ratings"][0]["matches"].as_u64().unwrap_or(0);
        assert_eq!(rated, matches, "matches behind the rating of {id}");
        let entry = app.get(&format!("/v1/boards/wins/entries/{id}"));
        let score = entry.json()["score"].as_u64().unwrap_or(0);
        assert_eq!(score, wins, "wins of {id} on the board");
    }
    for id in known.results.keys() {
        assert!(reported.contains(id), "the result of {id} is in no history");
    }
}

/// All finished matches of a player, each once.
fn history(app: &App, player: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = format!("/v1/players/{player}/matches?limit=7");
    loop {
        let page = app.get(&path).json();
        all.extend(page["matches"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/players/{player}/matches?limit=7&cursor={next}"),
            None => break,
        }
    }
    let ids: BTreeSet<String> = all.iter().map(|of| of["match_id"].to_string()).collect();
    assert_eq!(
        ids.len(),
        all.len(),
        "a match is twice in the history of {player}"
    );
    all
}
