//! Changes as requests.

use std::hash::{DefaultHasher, Hash, Hasher};

use boards::{BoardId, Change, Guard, NewPlayer, Player, Submission};
use serde_json::{Map, Value, json};

use super::wire;

/// What is sent.
#[derive(Debug, Hash)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
}

impl Request {
    pub(crate) fn takes_key(&self) -> bool {
        self.method == "POST"
    }

    /// The same for the same request alone.
    pub(crate) fn digest(&self) -> [u8; 16] {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, self).hash(&mut hasher);
            hasher.finish().to_be_bytes()
        };
        let (first, last) = (half(0), half(1));
        std::array::from_fn(|n| if n < 8 { first[n] } else { last[n - 8] })
    }

    fn new(method: &'static str, path: impl Into<String>, body: Option<Value>) -> Self {
        Request {
            method,
            path: path.into(),
            body: body.map(|body| body.to_string()),
        }
    }
}

/// The request that asks for a change. The steps know a few requests under a guard by the first byte of
/// their digest; each has a body of its own, by spaces at its end.
pub(crate) fn of(change: &Change, guard: Option<Guard>) -> Request {
    let mut request = plain(change, guard.is_some());
    if let Some(body) = &mut request.body {
        body.push_str(&" ".repeat(guard.map_or(0, spaces)));
    }
    request
}

/// How many spaces end the body under this guard.
pub(crate) fn spaces(guard: Guard) -> usize {
    usize::from(guard.request[0] % 4)
}

fn plain(change: &Change, guarded: bool) -> Request {
    match change {
        Change::CreatePlayers { players, .. } => {
            Request::new("POST", "/user/create", Some(new_player(&players[0])))
        }
        Change::PutPlayers(players) => put_players(players, guarded),
        Change::DeletePlayer(id) => Request::new("DELETE", format!("/v1/players/{id}"), None),
        Change::PutBoard { board, settings } => {
            Request::new("PUT", board_path(board, ""), Some(json!(settings)))
        }
        Change::DeleteBoard(board) => Request::new("DELETE", board_path(board, ""), None),
        Change::Submit { board, submission } => {
            let body = of_player(submission);
            Request::new("POST", board_path(board, "/scores"), Some(body))
        }
        Change::SubmitBatch {
            submissions,
            all_or_nothing,
        } => batch(submissions, *all_or_nothing),
        Change::DeleteEntry { board, player } => {
            let path = board_path(board, &format!("/entries/{player}"));
            Request::new("DELETE", path, None)
        }
        Change::SetHidden {
            board,
            player,
            hidden,
        } => {
            let method = if *hidden { "PUT" } else { "DELETE" };
            let path = board_path(board, &format!("/entries/{player}/hidden"));
            Request::new(method, path, None)
        }
        Change::Rotate(board) => Request::new(
            "POST",
            board_path(board, "/seasons:rotate"),
            Some(json!({})),
        ),
    }
}

/// A path of a board.
pub(crate) fn board_path(board: &BoardId, rest: &str) -> String {
    format!("/v1/boards/{board}{rest}")
}

fn put_players(players: &[Player], guarded: bool) -> Request {
    match players {
        [player] if !guarded => {
            let path = format!("/v1/players/{}", player.id);
            Request::new("PUT", path, Some(Value::Object(details(player))))
        }
        _ => {
            let item = |player: &Player| {
                let mut item = details(player);
                item.insert("player_id".to_owned(), json!(player.id));
                Value::Object(item)
            };
            let items: Vec<Value> = players.iter().map(item).collect();
            Request::new("POST", "/v1/players:batch", Some(json!({"players": items})))
        }
    }
}

fn details(player: &Player) -> Map<String, Value> {
    Map::from_iter([
        ("display_name".to_owned(), json!(player.display_name)),
        ("country".to_owned(), json!(player.country)),
        ("attributes".to_owned(), json!(player.attributes)),
    ])
}

fn new_player(new: &NewPlayer) -> Value {
    json!({
        "user_id": new.player.id,
        "display_name": new.player.display_name,
        "country": new.player.country,
        "points": new.score,
    })
}

fn batch(submissions: &[(BoardId, Submission)], all_or_nothing: bool) -> Request {
    let (board, Submission { player, .. }) = &submissions[0];
    if all_or_nothing {
        let item = |(board, submission): &(BoardId, Submission)| {
            let mut item = score(submission);
            item.insert("board".to_owned(), json!(board));
            Value::Object(item)
        };
        let scores: Vec<Value> = submissions.iter().map(item).collect();
        let body = json!({"player_id": player, "scores": scores});
        return Request::new("POST", "/v1/scores:batch", Some(body));
    }
    let scores: Vec<Value> = submissions.iter().map(|(_, s)| of_player(s)).collect();
    let body = json!({"scores": scores});
    Request::new("POST", board_path(board, "/scores:batch"), Some(body))
}

fn of_player(submission: &Submission) -> Value {
    let mut item = score(submission);
    item.insert("player_id".to_owned(), json!(submission.player));
    Value::Object(item)
}

fn score(submission: &Submission) -> Map<String, Value> {
    let details = &submission.details;
    let mut fields = Map::from_iter([("score".to_owned(), json!(submission.score))]);
    let mut add = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    if let Some(operator) = submission.operator {
        add("operator", json!(operator));
    }
    if let Some(ms) = details.occurred_at_ms {
        add("occurred_at", json!(wire::time(ms)));
    }
    if let Some(metadata) = &details.metadata {
        add(
            "metadata",
            serde_json::from_str(metadata.as_json()).unwrap(),
        );
    }
    // Null is a condition as well: that there is no entry.
    if let Some(score) = submission.if_score {
        add("if_score", json!(score));
    }
    fields
}
