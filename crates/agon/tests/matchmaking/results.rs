//! What matches come to: ratings, boards, history.

use serde_json::{Value, json};

use crate::game::{Game, player};

/// Two players whose matches feed boards, in a match that is being held: its id, and the player of the
/// first team.
fn playing(game: &Game) -> (String, usize) {
    for board in ["ratings", "wins", "points"] {
        let operator = if board == "ratings" { "last" } else { "sum" };
        game.put(
            &format!("/v1/boards/{board}"),
            &json!({"operator": operator}),
        );
    }
    let settings = json!({
        "teams": {"min_size": 1},
        "boards": [
            {"board": "ratings", "submit": "rating"}, {"board": "wins", "submit": "wins"},
            {"board": "points", "submit": {"points": [3, 1]}},
        ],
    });
    game.put("/v1/queues/q", &settings);
    play(game, "a", "b")
}

fn play(game: &Game, a: &str, b: &str) -> (String, usize) {
    game.ticket("q", a, &[0]);
    game.ticket("q", b, &[1]);
    let of = game.wait_for("q", a, "matched")["match"].clone();
    let first = &of["teams"][0]["players"][0]["player_id"];
    (
        of["match_id"].as_str().unwrap().to_owned(),
        usize::from(*first == player(1)),
    )
}

fn score(game: &Game, board: &str, number: usize) -> Value {
    game.get(&format!("/v1/boards/{board}/entries/{}", player(number)))["score"].clone()
}

#[test]
fn a_result_changes_ratings_and_boards_once_and_for_all() {
    let game = Game::with_players(2);
    let (id, winner) = playing(&game);
    let loser = 1 - winner;
    let path = format!("/v1/matches/{id}/result");
    let result = json!({"placements": [1, 2]});
    let done = game.post(&path, &result);
    assert_eq!(
        (&done["status"], &done["result"]),
        (&json!("finished"), &result)
    );
    assert_eq!(game.post(&path, &result), done);
    for other in [json!({"placements": [2, 1]}), json!({"abandoned": true})] {
        assert_eq!(
            game.refused(&path, &other),
            (409, "result_differs".to_owned())
        );
    }
    let rating = |number: usize| {
        game.get(&format!("/v1/players/{}/ratings", player(number)))["ratings"][0].clone()
    };
    let (best, other) = (rating(winner), rating(loser));
    assert!(best["rating"].as_f64() > other["rating"].as_f64());
    assert_eq!((&best["matches"], &best["queue"]), (&json!(1), &json!("q")));
    assert_eq!(score(&game, "ratings", winner), best["rating"]);
    assert_eq!(score(&game, "wins", winner), 1);
    assert_eq!(
        [winner, loser].map(|n| score(&game, "points", n)),
        [json!(3), json!(1)]
    );
    let entry = format!("/v1/boards/wins/entries/{}", player(loser));
    assert_eq!(game.app.get(&entry).status, 404);
    let ranks = done["boards"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|b| b["board"] == "points");
    let ranks: Vec<(&Value, &Value)> = ranks.map(|b| (&b["player_id"], &b["rank"])).collect();
    assert!(
        ranks.contains(&(&json!(player(winner)), &json!(1))),
        "{done}"
    );
    // What is stored is what the next ticket has.
    let (_, _) = play(&game, "c", "d");
    let ticket = if winner == 0 { "c" } else { "d" };
    let next = game.get(&format!("/v1/queues/q/tickets/{ticket}"));
    assert_eq!(next["players"][0]["rating"], best["rating"]);
}

#[test]
fn results_that_do_not_fit_change_nothing() {
    let game = Game::with_players(2);
    let (id, _) = playing(&game);
    let path = format!("/v1/matches/{id}/result");
    for bad in [json!([1]), json!([1, 2, 3]), json!([2, 2]), json!([1, 3])] {
        let reply = game.refused(&path, &json!({ "placements": bad }));
        assert_eq!(reply, (400, "bad_result".to_owned()), "{bad}");
    }
    let of = game.get(&format!("/v1/matches/{id}"));
    assert_eq!(of["status"], "running");
    let abandoned = game.post(&path, &json!({"abandoned": true}));
    assert_eq!(
        (&abandoned["ratings"], &abandoned["boards"]),
        (&json!([]), &json!([]))
    );
    let ratings = game.get(&format!("/v1/players/{}/ratings", player(0)));
    assert_eq!(ratings["ratings"], json!([]));
    let missing = "/v1/matches/00000000-0000-4000-8000-000000000000/result";
    assert_eq!(
        game.refused(missing, &json!({"abandoned": true})),
        (404, "match_not_found".to_owned())
    );
}

#[test]
fn a_player_has_a_history_in_pages() {
    let game = Game::with_players(2);
    let (first, _) = playing(&game);
    let mut played = vec![first];
    for round in 0..4 {
        let last = played.last().unwrap().clone();
        game.post(
            &format!("/v1/matches/{last}/result"),
            &json!({"placements": [1, 1]}),
        );
        played.push(play(&game, &format!("a{round}"), &format!("b{round}")).0);
    }
    // The last has no result.
    played.pop();
    played.reverse();
    let matches = format!("/v1/players/{}/matches?limit=3", player(0));
    let page = game.get(&matches);
    let next = page["next"].as_str().unwrap();
    let rest = game.get(&format!("{matches}&cursor={next}"));
    assert_eq!(rest["next"], Value::Null);
    let ids = [&page, &rest]
        .into_iter()
        .flat_map(|p| p["matches"].as_array().unwrap());
    let ids: Vec<&str> = ids.map(|m| m["match_id"].as_str().unwrap()).collect();
    assert_eq!(ids, played);
    let other = format!("/v1/players/{}/matches?cursor={next}", player(1));
    assert_eq!(game.app.get(&other).status, 400);
}

#[test]
fn a_queue_that_feeds_no_board_there_is_is_refused() {
    let game = Game::with_players(2);
    let body = json!({"teams": {"min_size": 1}, "boards": [{"board": "none", "submit": "wins"}]});
    let reply = game
        .app
        .request(
            "PUT",
            "/v1/queues/q",
            &[],
            Some(body.to_string().as_bytes()),
        )
        .unwrap();
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (404, &json!("board_not_found"))
    );
    assert_eq!(reply.json()["errors"][0]["pointer"], "/boards/0/board");
    assert_eq!(game.app.get("/v1/queues/q").status, 404);
}
