//! Submissions under keys, and what boards have to show of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::client::Client;

const PLAYERS: usize = 60;
const BATCH: usize = 10;
/// One request in so many is sent once more although it was answered.
const REPEATED: usize = 7;
/// One is summed up, with ranks in the order of who was first; on the other the best counts, with shared ranks.
const BOARDS: [&str; 2] = ["points", "best"];

/// A submission: board, player, score.
type Submitted = (&'static str, usize, u32);

pub fn player(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Makes players and boards.
pub fn prepare(client: &Client) {
    let one =
        |n| json!({"player_id": player(n), "display_name": format!("p{n}"), "country": country(n)});
    let players: Vec<Value> = (0..PLAYERS).map(one).collect();
    let body = json!({"players": players});
    client.done("POST", "/v1/players:batch", Some("players"), Some(&body));
    let points = json!({"operator": "sum"});
    client.done("PUT", "/v1/boards/points", None, Some(&points));
    let best = json!({"operator": "best", "rank_mode": "shared"});
    client.done("PUT", "/v1/boards/best", None, Some(&best));
}

fn country(number: usize) -> &'static str {
    ["tr", "de", "us"][number % 3]
}

/// What one has sent and had acknowledged: all of it, since it asks until it is answered.
pub struct Writer {
    acknowledged: Vec<Submitted>,
    requests: usize,
    /// First answers that said that the change had been made before: one got lost on the way.
    replays: usize,
}

impl Writer {
    /// Sends one request after the other until it is over.
    pub fn work(number: usize, client: &Client, over: &AtomicBool) -> Self {
        let mut random = fastrand::Rng::with_seed(number as u64);
        let mut writer = Writer {
            acknowledged: Vec::new(),
            requests: 0,
            replays: 0,
        };
        while !over.load(Ordering::Acquire) {
            let key = format!("writer-{number}-{}", writer.requests);
            let board = BOARDS[random.usize(..2)];
            let count = if random.u32(..4) == 0 { BATCH } else { 1 };
            let one = |_| (board, random.usize(..PLAYERS), random.u32(1..100));
            writer.submit(client, (0..count).map(one).collect(), &key);
        }
        writer
    }

    fn submit(&mut self, client: &Client, submitted: Vec<Submitted>, key: &str) {
        let score = |(_, n, score): &Submitted| json!({"player_id": player(*n), "score": score});
        let board = submitted[0].0;
        let (path, body) = match &submitted[..] {
            [one] => (format!("/v1/boards/{board}/scores"), score(one)),
            all => {
                let scores: Vec<Value> = all.iter().map(score).collect();
                let path = format!("/v1/boards/{board}/scores:batch");
                (path, json!({"scores": scores}))
            }
        };
        let answer = client.insist("POST", &path, Some(key), Some(&body));
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        self.replays += usize::from(answer.replayed);
        self.requests += 1;
        if self.requests.is_multiple_of(REPEATED) {
            let again = client.insist("POST", &path, Some(key), Some(&body));
            assert!(again.replayed, "{key} counted twice: {}", again.body);
            assert_eq!(again.body, answer.body, "{key}");
        }
        self.acknowledged.extend(submitted);
    }
}

/// Compares the boards with a model made of what was acknowledged: scores, ranks, in segments too.
pub fn check_scores(client: &Client, writers: &[Writer]) {
    let all: Vec<Submitted> = writers
        .iter()
        .flat_map(|w| w.acknowledged.clone())
        .collect();
    let replays: usize = writers.iter().map(|w| w.replays).sum();
    println!(
        "{} submissions acknowledged, {replays} requests only when repeated",
        all.len()
    );
    assert!(all.len() > 100, "there was hardly any load");
    for board in BOARDS {
        let mut model: BTreeMap<usize, u32> = BTreeMap::new();
        for (_, n, score) in all.iter().filter(|(of, ..)| *of == board) {
            let known = model.entry(*n).or_default();
            *known = if board == "points" {
                *known + score
            } else {
                (*known).max(*score)
            };
        }
        check_board(client, board, &model, "");
        for country in ["tr", "de", "us"] {
            let of: BTreeMap<usize, u32> = model
                .iter()
                .filter(|(n, _)| self::country(**n) == country)
                .map(|(n, score)| (*n, *score))
                .collect();
            check_board(client, board, &of, &format!("&segment=country:{country}"));
        }
    }
}

fn check_board(client: &Client, board: &str, model: &BTreeMap<usize, u32>, segment: &str) {
    let page = client.get(&format!("/v1/boards/{board}/entries?limit=1000{segment}"));
    let entries = page["entries"].as_array().unwrap();
    assert_eq!(page["total"], model.len(), "{board}{segment}");
    assert_eq!(entries.len(), model.len(), "{board}{segment}");
    let mut before = u64::MAX;
    for (place, entry) in entries.iter().enumerate() {
        let (of, score) = (&entry["player_id"], entry["score"].as_u64().unwrap());
        let number = model.keys().find(|n| *of == player(**n));
        let number = number.unwrap_or_else(|| panic!("{board}: {of} is not in the model"));
        assert_eq!(
            score,
            u64::from(model[number]),
            "{board}{segment}: player {number}"
        );
        assert!(score <= before, "{board}{segment}: the order of scores");
        before = score;
        let better = model
            .values()
            .filter(|other| u64::from(**other) > score)
            .count();
        let rank = if segment.is_empty() {
            &entry["rank"]
        } else {
            &entry["segment_rank"]
        };
        let expected = if board == "best" {
            better + 1
        } else {
            place + 1
        };
        assert_eq!(
            *rank, expected,
            "{board}{segment}: player {number}: {entry}"
        );
    }
}
