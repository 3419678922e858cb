//! Players of tests, told by numbers, and what they do through a running [`App`]; and one of whom nothing matters but
//! that it is there.

use std::ops::Range;

use boards::{Attributes, DisplayName, Player, PlayerId};
use serde_json::{Value, json};

use crate::app::App;

/// Players made with one request.
const SOME: usize = 2_000;

/// The id of the player of this number: a UUID that is easy to tell from others.
pub fn player_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A player like any other.
pub fn ada(id: PlayerId) -> Player {
    Player {
        id,
        display_name: DisplayName::parse("ada").unwrap(),
        country: None,
        attributes: Attributes::default(),
    }
}

impl App {
    /// Makes players of one country, each on the board with nothing.
    #[track_caller]
    pub fn create_players(&self, numbers: Range<usize>) {
        for from in numbers.clone().step_by(SOME) {
            let some = from..numbers.end.min(from + SOME);
            let one = |n| {
                let display_name = format!("player {n}");
                json!({"user_id": player_id(n), "display_name": display_name, "country": "tr"})
            };
            let users: Vec<Value> = some.map(one).collect();
            let reply = self.post("/user/create", &json!(users));
            assert_eq!(reply.status, 201, "{}", reply.json());
        }
    }

    /// Adds points to a player's.
    #[track_caller]
    pub fn submit(&self, number: usize, points: impl Into<Value>) {
        let points: Value = points.into();
        let body = json!({"user_id": player_id(number), "score_worth": points});
        let reply = self.post("/score/submit", &body);
        assert_eq!(reply.status, 200, "{}", reply.json());
    }
}
