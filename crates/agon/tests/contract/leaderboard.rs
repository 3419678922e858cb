//! The leaderboards as a client sees them: which players, in which order, with which numbers.
//!
//! Points and ranks are compared in the bytes of the reply too where their form is the promise.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;

use serde_json::{Value, json};
use testkit::App;

use crate::setup::start;

/// A UUID that is easy to tell from others.
fn id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn player(n: usize, points: impl Into<Value>, country: &str) -> Value {
    let points: Value = points.into();
    json!({"user_id": id(n), "display_name": format!("p{n}"), "points": points, "country": country})
}

fn create(app: &App, players: &[Value]) {
    let reply = app.post("/user/create", &json!(players));
    assert_eq!(reply.status, 201, "{:?}", reply.json());
}

fn submit(app: &App, n: usize, score_worth: impl Into<Value>) {
    let score_worth: Value = score_worth.into();
    let body = json!({"user_id": id(n), "score_worth": score_worth});
    assert_eq!(app.post("/score/submit", &body).status, 200);
}

fn generate(app: &App, count: usize) {
    let reply = app.post(
        "/user/generate",
        &json!({"count": count, "max_points": 500}),
    );
    assert_eq!(reply.status, 201, "{:?}", reply.json());
}

fn lines(app: &App, path: &str) -> Vec<Value> {
    let reply = app.get(path);
    assert_eq!(reply.status, 200, "{path}: {:?}", reply.json());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    reply.json().as_array().unwrap().clone()
}

fn names(app: &App, path: &str) -> Vec<String> {
    let name = |line: &Value| line["display_name"].as_str().unwrap().to_owned();
    lines(app, path).iter().map(name).collect()
}

fn ranks(app: &App, path: &str) -> Vec<u64> {
    let rank = |line: &Value| line["rank"].as_u64().unwrap();
    lines(app, path).iter().map(rank).collect()
}

/// `count` players of whom the first created has the most points.
fn descending(app: &App, count: usize) {
    let players: Vec<Value> = (1..=count).map(|n| player(n, 1000 - n, "tr")).collect();
    create(app, &players);
}

#[test]
fn a_line_has_exactly_the_promised_fields() {
    let app = start();
    create(&app, &[player(1, 5011, "tr")]);
    let expected = json!([{
        "rank": 1, "points": 5011, "display_name": "p1", "country": "tr", "user_id": id(1)
    }]);
    assert_eq!(app.get("/leaderboard").json(), expected);
}

#[test]
fn an_empty_board_is_an_empty_array() {
    let app = start();
    for path in ["/leaderboard", "/leaderboard/tr", "/leaderboard/all"] {
        assert!(lines(&app, path).is_empty(), "{path}");
    }
}

#[test]
fn limit_and_offset_choose_the_part() {
    let app = start();
    descending(&app, 25);
    for (path, expected) in [
        ("/leaderboard", 1..=10),
        ("/leaderboard?limit=3", 1..=3),
        ("/leaderboard?limit=3&offset=4", 5..=7),
        ("/leaderboard?offset=20", 21..=25),
        ("/leaderboard?limit=1000", 1..=25),
        ("/leaderboard?offset=24&limit=1", 25..=25),
    ] {
        assert_eq!(ranks(&app, path), expected.collect::<Vec<u64>>(), "{path}");
    }
}

#[test]
fn past_the_end_there_is_nothing() {
    let app = start();
    descending(&app, 5);
    for offset in ["5", "6", "1000000000000", "9223372036854775807"] {
        for path in ["/leaderboard", "/leaderboard/tr"] {
            assert!(lines(&app, &format!("{path}?offset={offset}&limit=1000")).is_empty());
        }
    }
}

#[test]
fn bounds_of_limit_and_offset_are_kept() {
    let app = start();
    for path in ["/leaderboard", "/leaderboard/tr"] {
        for query in [
            "limit=0",
            "limit=1001",
            "limit=-1",
            "limit=ten",
            "limit=1.5",
            "limit=",
            "limit=99999999999999999999999",
            "offset=-1",
            "offset=9223372036854775808",
            "offset=x",
            "offset=1e3",
        ] {
            let reply = app.get(&format!("{path}?{query}"));
            assert_eq!(reply.status, 400, "{path}?{query}");
            let name = query.split('=').next().unwrap();
            assert!(
                reply.json()["detail"].as_str().unwrap().contains(name),
                "{:?} should name {name}",
                reply.json()
            );
        }
    }
}

#[test]
fn ties_go_to_who_was_created_first_in_array_order() {
    let app = start();
    let order = [4, 1, 3, 5, 2];
    let players: Vec<Value> = order.iter().map(|n| player(*n, 7, "tr")).collect();
    create(&app, &players);
    create(&app, &[player(0, 7, "tr")]);
    assert_eq!(
        names(&app, "/leaderboard"),
        ["p4", "p1", "p3", "p5", "p2", "p0"]
    );
    assert_eq!(ranks(&app, "/leaderboard"), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn ties_go_to_who_reached_the_points_first() {
    let app = start();
    create(
        &app,
        &[player(1, 0, "tr"), player(2, 0, "tr"), player(3, 10, "tr")],
    );
    submit(&app, 2, 10);
    submit(&app, 1, 10);
    assert_eq!(names(&app, "/leaderboard"), ["p3", "p2", "p1"]);
}

#[test]
fn leaving_points_and_coming_back_is_reaching_them_anew() {
    let app = start();
    create(&app, &[player(1, 10, "tr"), player(2, 10, "tr")]);
    submit(&app, 1, 1);
    submit(&app, 1, -1);
    assert_eq!(names(&app, "/leaderboard"), ["p2", "p1"]);
}

#[test]
fn a_submission_that_changes_nothing_keeps_the_order_of_ties() {
    let app = start();
    create(
        &app,
        &[
            player(1, 1e17, "tr"),
            player(2, 1e17, "tr"),
            player(3, 1e17, "tr"),
        ],
    );
    submit(&app, 1, 0);
    submit(&app, 2, -0.0);
    // Too little to change a double of this size.
    submit(&app, 1, 1);
    assert_eq!(names(&app, "/leaderboard"), ["p1", "p2", "p3"]);
}

#[test]
fn a_country_board_keeps_the_global_rank_and_adds_its_own() {
    let app = start();
    create(
        &app,
        &[
            player(1, 50, "us"),
            player(2, 40, "tr"),
            player(3, 30, "us"),
            player(4, 20, "tr"),
        ],
    );
    let found: Vec<(u64, u64, String)> = lines(&app, "/leaderboard/tr")
        .iter()
        .map(|line| {
            let number = |name: &str| line[name].as_u64().unwrap();
            let user = line["user_id"].as_str().unwrap().to_owned();
            (number("rank"), number("country_rank"), user)
        })
        .collect();
    assert_eq!(found, [(2, 1, id(2)), (4, 2, id(4))]);
}

#[test]
fn a_country_board_is_paged_by_its_own_places() {
    let app = start();
    let country = |n: usize| if n.is_multiple_of(3) { "tr" } else { "us" };
    let players: Vec<Value> = (1..=60).map(|n| player(n, 100 - n, country(n))).collect();
    create(&app, &players);
    assert_eq!(ranks(&app, "/leaderboard/tr?limit=2&offset=3"), [12, 15]);
    assert_eq!(lines(&app, "/leaderboard/tr").len(), 10);
    assert_eq!(lines(&app, "/leaderboard/tr?limit=1000").len(), 20);
    let line = &lines(&app, "/leaderboard/tr?limit=1&offset=19")[0];
    assert_eq!(
        (&line["rank"], &line["country_rank"]),
        (&json!(60), &json!(20))
    );
}

#[test]
fn a_country_may_be_written_in_any_case() {
    let app = start();
    create(
        &app,
        &[player(1, 1, "TR"), player(2, 2, "tr"), player(3, 3, "Tr")],
    );
    let expected = app.get("/leaderboard/tr").json();
    assert_eq!(expected.as_array().unwrap().len(), 3);
    for country in ["TR", "Tr", "tR", "%74r"] {
        assert_eq!(
            app.get(&format!("/leaderboard/{country}")).json(),
            expected,
            "{country}"
        );
    }
}

#[test]
fn a_country_without_players_is_an_empty_array() {
    let app = start();
    create(
        &app,
        &[player(1, 1, "tr"), json!({"display_name": "nowhere"})],
    );
    assert!(lines(&app, "/leaderboard/zz").is_empty());
}

#[test]
fn a_country_that_is_not_two_letters_is_refused() {
    let app = start();
    for country in [
        "t",
        "tur",
        "t1",
        "12",
        "%C3%A7%C3%A7",
        "t%00",
        "%20t",
        "t%2F",
        "ALL",
    ] {
        let reply = app.get(&format!("/leaderboard/{country}"));
        assert_eq!(reply.status, 400, "{country}");
    }
}

/// The board in pages of 1,000.
fn pages(app: &App) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let page = lines(
            app,
            &format!("/leaderboard?limit=1000&offset={}", all.len()),
        );
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

#[test]
fn the_whole_board_is_the_pages_put_together() {
    let app = start();
    generate(&app, 2500);
    let all = lines(&app, "/leaderboard/all");
    assert_eq!(all.len(), 2500);
    assert_eq!(all, pages(&app));
}

#[test]
fn the_whole_board_has_each_player_once_and_best_first() {
    let app = start();
    generate(&app, 2500);
    let all = lines(&app, "/leaderboard/all");
    let found: Vec<u64> = all
        .iter()
        .map(|line| line["rank"].as_u64().unwrap())
        .collect();
    assert_eq!(found, (1..=2500).collect::<Vec<u64>>());
    let users: HashSet<&str> = all
        .iter()
        .map(|line| line["user_id"].as_str().unwrap())
        .collect();
    assert_eq!(users.len(), 2500);
    let points = |line: &Value| line["points"].as_f64().unwrap();
    assert!(
        all.windows(2)
            .all(|pair| points(&pair[0]) >= points(&pair[1]))
    );
}

#[test]
fn the_whole_board_is_one_array_at_every_size_around_a_page() {
    let app = start();
    let mut size = 0;
    for more in [0, 1, 998, 1, 1, 999, 1, 499] {
        if more > 0 {
            generate(&app, more);
        }
        size += more;
        assert_eq!(lines(&app, "/leaderboard/all").len(), size);
    }
    assert_eq!(size, 2500);
}

#[test]
fn a_country_board_counts_up_to_the_whole_of_it() {
    let app = start();
    let body = json!({"count": 1500, "countries": ["tr", "us"], "max_points": 20});
    assert_eq!(app.post("/user/generate", &body).status, 201);
    let all = lines(&app, "/leaderboard/all");
    let turkish: Vec<&Value> = all.iter().filter(|line| line["country"] == "tr").collect();
    let mut board = lines(&app, "/leaderboard/tr?limit=1000");
    for (place, line) in board.iter_mut().enumerate() {
        let country_rank = line.as_object_mut().unwrap().remove("country_rank");
        assert_eq!(country_rank, Some(json!(place + 1)));
    }
    assert_eq!(board.iter().collect::<Vec<_>>(), turkish);
}

#[test]
fn numbers_are_printed_as_people_write_them() {
    let app = start();
    for (sent, printed) in [
        ("5011", "5011"),
        ("5011.0", "5011"),
        ("5.011e3", "5011"),
        ("0.5", "0.5"),
        ("-3", "-3"),
        ("-0.25", "-0.25"),
        ("0", "0"),
        ("-0.0", "0"),
        ("9007199254740992", "9007199254740992"),
        ("-9007199254740992", "-9007199254740992"),
        ("0.1", "0.1"),
    ] {
        let body = format!(r#"{{"display_name": "n", "points": {sent}, "country": "tr"}}"#);
        let reply = app.send("/user/create", None, body.as_bytes()).unwrap();
        assert_eq!(reply.status, 201, "{sent}");
        let user = reply.json()["user_id"].as_str().unwrap().to_owned();
        let expected = format!("\"points\":{printed},");
        for path in [
            "/leaderboard?limit=1000",
            "/leaderboard/tr?limit=1000",
            "/leaderboard/all",
        ] {
            let board = String::from_utf8(app.get(path).body).unwrap();
            let line = board.split('{').find(|line| line.contains(&user)).unwrap();
            assert!(line.contains(&expected), "{sent} in {path}: {line}");
        }
    }
}
