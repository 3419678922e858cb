//! What is read of boards.

use axum::http::StatusCode;
use boards::PageStart;
use serde_json::json;

use crate::client::Client;
use crate::fake::{HIDDEN, NOBODY};

const ENTRIES: &str = "/v1/boards/weekly/entries";

#[tokio::test]
async fn a_page_leads_to_the_next() {
    let client = Client::new();
    let first = client.get(&format!("{ENTRIES}?limit=3")).await;
    assert_eq!(first.body["entries"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&first.body["total"], &first.body["season"]),
        (&json!(10_000), &json!(2))
    );
    let cursor = first.body["next"].as_str().unwrap();
    for more in ["", "&season=2"] {
        let next = client
            .get(&format!("{ENTRIES}?cursor={cursor}{more}"))
            .await;
        assert_eq!(next.status, StatusCode::OK, "{}", next.body);
    }
    let starts = client.store.starts.lock().unwrap();
    assert_eq!(starts[0], PageStart::Offset(0));
    assert!(matches!(starts[1], PageStart::After(_)));
}

#[tokio::test]
async fn a_cursor_leads_nowhere_else() {
    let client = Client::new();
    let first = client.get(&format!("{ENTRIES}?segment=country:tr")).await;
    let cursor = first.body["next"].as_str().unwrap();
    let same = client
        .get(&format!("{ENTRIES}?segment=country:TR&cursor={cursor}"))
        .await;
    assert_eq!(same.status, StatusCode::OK);
    let changed = format!("{}A", &cursor[..cursor.len() - 1]);
    for path in [
        format!("{ENTRIES}?cursor={cursor}"),
        format!("{ENTRIES}?segment=country:us&cursor={cursor}"),
        format!("{ENTRIES}?segment=country:tr&season=1&cursor={cursor}"),
        format!("/v1/boards/month/entries?segment=country:tr&cursor={cursor}"),
        format!("{ENTRIES}?segment=country:tr&cursor={changed}"),
        format!("{ENTRIES}?cursor="),
        format!("{ENTRIES}?cursor=%00"),
    ] {
        let reply = client.get(&path).await;
        assert_eq!(reply.problem(), (400, "invalid_cursor"), "{path}");
        assert_eq!(reply.body["errors"][0]["parameter"], "cursor");
    }
}

#[tokio::test]
async fn a_cursor_leads_on_in_its_season() {
    let client = Client::new();
    let first = client.get(&format!("{ENTRIES}?season=1")).await;
    let cursor = first.body["next"].as_str().unwrap();
    for season in ["", "season=1&"] {
        let path = format!("{ENTRIES}?{season}cursor={cursor}");
        let reply = client.get(&path).await;
        assert_eq!(
            (reply.status, &reply.body["season"]),
            (StatusCode::OK, &json!(1))
        );
    }
}

#[tokio::test]
async fn an_entry_says_how_it_stands() {
    let client = Client::new();
    let id = "e4cdb120-28fc-4285-a78d-eb48660b7730";
    let reply = client.get(&format!("{ENTRIES}/{id}?segment=a:b")).await;
    assert_eq!(
        reply.body,
        json!({
            "rank": 1, "segment_rank": 1, "player_id": id, "display_name": "ada", "country": null,
            "attributes": {}, "score": 2.5, "occurred_at": "1970-01-01T00:00:01.500Z",
            "metadata": {"b": 1, "a": [100.0]}, "total": 10, "percentile": 100, "season": 2, "hidden": false,
        })
    );
    let hidden = client.get(&format!("{ENTRIES}/{HIDDEN}")).await.body;
    assert_eq!(
        (&hidden["rank"], &hidden["hidden"]),
        (&json!(null), &json!(true))
    );
    assert!(hidden.get("segment_rank").is_none());
    let nobody = client.get(&format!("{ENTRIES}/{NOBODY}")).await;
    assert_eq!(nobody.problem(), (404, "entry_not_found"));
    let profile = client.get(&format!("/user/profile/{NOBODY}")).await;
    assert_eq!(profile.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_lookup_names_who_is_not_there() {
    let client = Client::new();
    let path = format!("{ENTRIES}:lookup");
    let ids = json!([HIDDEN, NOBODY, HIDDEN]);
    let reply = client.post(&path, &json!({"player_ids": ids})).await;
    let entries = reply.body["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0]["set_rank"], &entries[0]["player_id"]),
        (&json!(1), &json!(HIDDEN))
    );
    assert_eq!(reply.body["not_found"], json!([NOBODY]));
    let many = client
        .post(&path, &json!({"player_ids": vec![NOBODY; 1001]}))
        .await;
    assert_eq!(many.problem(), (400, "too_many_items"));
    let bad = json!({"player_ids": [NOBODY, 1], "segment": "x", "season": 0});
    let bad = client.post(&path, &bad).await;
    assert_eq!(bad.body["errors"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn others_are_read() {
    let client = Client::new();
    let around = client.get(&format!("{ENTRIES}/{HIDDEN}/around")).await;
    assert_eq!(around.body["entries"].as_array().unwrap().len(), 11);
    let around = client
        .get(&format!("{ENTRIES}:around-score?score=-1.5&limit=2"))
        .await;
    assert_eq!(around.body["entries"].as_array().unwrap().len(), 2);
    let stats = client
        .get("/v1/boards/weekly/stats?percentiles=50,99.9")
        .await;
    let shares = json!([{"percent": 50, "score": 0}, {"percent": 99.9, "score": 0}]);
    assert_eq!(stats.body["percentiles"], shares);
    let seasons = client.get("/v1/boards/weekly/seasons").await;
    let season = json!({"season": 2, "started_at": "1970-01-01T00:00:01.500Z", "ended_at": null});
    assert_eq!(seasons.body, json!({"seasons": [season]}));
}

#[tokio::test]
async fn boards_are_listed_in_pages() {
    let client = Client::new();
    let mut names = Vec::new();
    let mut path = "/v1/boards?limit=2".to_owned();
    loop {
        let reply = client.get(&path).await;
        let boards = reply.body["boards"].as_array().unwrap().iter();
        names.extend(boards.map(|board| board["board"].as_str().unwrap().to_owned()));
        let Some(next) = reply.body["next"].as_str() else {
            break;
        };
        path = format!("/v1/boards?limit=2&after={next}");
    }
    assert_eq!(names, ["a", "b", "c"]);
    let exact = client.get("/v1/boards?limit=3").await;
    assert_eq!(exact.body["next"], json!(null));
}

#[tokio::test]
async fn faults_in_paths_are_problems() {
    let client = Client::new();
    let reply = client.get("/v1/boards/A/entries/x").await;
    assert_eq!(reply.problem(), (400, "invalid_request"));
    let names = reply.body["errors"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|e| e["parameter"].as_str().unwrap()).collect();
    assert_eq!(names, ["board", "player"]);
    for path in [
        "/v1/boards/%ff",
        "/v1/players/%ff",
        "/user/profile/%ff",
        "/leaderboard/%ff",
        "/v1/upstreams/%ff",
        "/v1/upstreams/%ff/x",
    ] {
        let reply = client.get(path).await;
        assert_eq!(reply.problem(), (400, "invalid_request"), "{path}");
    }
}
