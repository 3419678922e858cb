//! Many at once for the same: what comes of it is one thing, and everybody is told the same.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};
use testkit::Reply;

use crate::game::{Game, match_of, player, ticket};

const ROUNDS: usize = 12;

/// Sends all of these at once.
fn at_once(game: &Game, requests: &[(String, Value)]) -> Vec<Reply> {
    let start = Barrier::new(requests.len());
    thread::scope(|scope| {
        let send = |(path, body): &(String, Value)| {
            start.wait();
            match body {
                Value::Null => game.delete(path),
                body => game.app.post(path, body),
            }
        };
        let threads: Vec<_> = requests
            .iter()
            .map(|r| scope.spawn(move || send(r)))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

#[test]
fn accepting_declining_and_cancelling_at_once_leaves_one_truth() {
    let game = Game::with_players(2 * ROUNDS);
    let settings = json!({"teams": {"min_size": 1}, "acceptance_window_ms": 600_000});
    let (mut begun, mut failed) = (0, 0);
    for round in 0..ROUNDS {
        let queue = format!("q{round}");
        game.put(&format!("/v1/queues/{queue}"), &settings);
        let (one, two) = (2 * round, 2 * round + 1);
        game.ticket(&queue, "a", &[one]);
        game.ticket(&queue, "b", &[two]);
        let id = match_of(&game.wait_for(&queue, "a", "proposed"));
        let accept = |n: usize| {
            (
                format!("/v1/matches/{id}:accept"),
                json!({"player_id": player(n)}),
            )
        };
        let mut requests = vec![accept(one), accept(two), accept(one), accept(two)];
        match round % 3 {
            0 => {}
            1 => requests.push((
                format!("/v1/matches/{id}:decline"),
                json!({"player_id": player(two)}),
            )),
            _ => requests.push((format!("/v1/queues/{queue}/tickets/b"), Value::Null)),
        }
        for reply in at_once(&game, &requests) {
            assert!(matches!(reply.status, 200 | 409), "{}", reply.json());
        }
        let of = game.get(&format!("/v1/matches/{id}"));
        let status = |ticket: &str| {
            game.get(&format!("/v1/queues/{queue}/tickets/{ticket}"))["status"].clone()
        };
        match of["status"].as_str().unwrap() {
            "running" => {
                begun += 1;
                assert_eq!([status("a"), status("b")], ["matched", "matched"]);
            }
            "failed" => {
                failed += 1;
                assert!(round % 3 > 0);
                assert_eq!([status("a"), status("b")], ["waiting", "cancelled"]);
                assert_eq!(of["failed_because_of"], json!([player(two)]));
            }
            other => panic!("{other}"),
        }
    }
    assert!(begun >= ROUNDS / 3, "{begun} begun, {failed} failed");
}

#[test]
fn of_many_results_at_once_one_counts() {
    let game = Game::with_players(2);
    game.put("/v1/queues/q", &json!({"teams": {"min_size": 1}}));
    game.ticket("q", "a", &[0]);
    game.ticket("q", "b", &[1]);
    let id = match_of(&game.wait_for("q", "a", "matched"));
    let path = format!("/v1/matches/{id}/result");
    let results = [
        json!({"placements": [1, 2]}),
        json!({"placements": [2, 1]}),
        json!({"abandoned": true}),
    ];
    let requests: Vec<_> = (0..12)
        .map(|n| (path.clone(), results[n % 3].clone()))
        .collect();
    let replies = at_once(&game, &requests);
    let counted = game.get(&format!("/v1/matches/{id}"));
    for ((_, sent), reply) in requests.iter().zip(replies) {
        if *sent == counted["result"] {
            assert_eq!((reply.status, reply.json()), (200, counted.clone()));
        } else {
            assert_eq!(
                (reply.status, &reply.json()["code"]),
                (409, &json!("result_differs"))
            );
        }
    }
    let ratings = game.get(&format!("/v1/players/{}/ratings", player(0)));
    let abandoned = counted["result"]["abandoned"] == true;
    assert_eq!(
        ratings["ratings"].as_array().unwrap().len(),
        usize::from(!abandoned)
    );
    assert!(abandoned || ratings["ratings"][0]["matches"] == 1);
}

#[test]
fn of_many_tickets_at_once_a_player_is_in_one() {
    let game = Game::with_players(1);
    game.put("/v1/queues/q", &json!({"teams": {"min_size": 1}}));
    let path = "/v1/queues/q/tickets".to_owned();
    let requests: Vec<_> = (0..12)
        .map(|n| (path.clone(), ticket(&format!("t{}", n % 6), &[0])))
        .collect();
    let replies = at_once(&game, &requests);
    let made: Vec<Value> = replies
        .iter()
        .filter(|r| r.status == 201)
        .map(Reply::json)
        .collect();
    assert_eq!(made.len(), 2, "once, and once repeated");
    assert_eq!(made[0], made[1]);
    let told = format!("ticket {}", made[0]["ticket_id"].as_str().unwrap());
    for refused in replies.iter().filter(|r| r.status != 201) {
        let problem = refused.json();
        assert_eq!(
            (refused.status, &problem["code"]),
            (409, &json!("player_waits"))
        );
        assert!(
            problem["detail"].as_str().unwrap().contains(&told),
            "{problem}"
        );
    }
}
