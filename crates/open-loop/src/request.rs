//! What is asked, and the bytes of it.

use std::str::FromStr;

use crate::players::player_id;
use crate::target::Target;

const SMART: &str = "/api/smart";

/// What each request asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A point for a player.
    Submit,
    /// A player's profile.
    Profile,
    /// The top ten.
    Leaderboard,
    /// `GET` of a path.
    Path(String),
}

impl FromStr for What {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let is_path = word.starts_with('/') && word.bytes().all(|b| b.is_ascii_graphic());
        match word {
            "submit" => Ok(What::Submit),
            "profile" => Ok(What::Profile),
            "leaderboard" => Ok(What::Leaderboard),
            "smart" => Ok(What::Path(format!("{SMART}?timeout=1000"))),
            path if is_path => Ok(What::Path(path.to_owned())),
            _ => Err(
                "expected submit, profile, leaderboard, smart, or a path such as /v1/boards".into(),
            ),
        }
    }
}

impl What {
    /// Whether there have to be players for it.
    pub(crate) fn names_players(&self) -> bool {
        matches!(self, What::Submit | What::Profile)
    }

    /// Whether a status is a failure. Calls to an upstream may end with 502 and 504 by contract: all attempts
    /// failed, or the caller's time is over.
    pub(crate) fn is_failure(&self, status: u16) -> bool {
        let promised = match self {
            What::Path(path) if path.starts_with("/api/") || path.starts_with("/v1/upstreams/") => {
                matches!(status, 502 | 504)
            }
            _ => false,
        };
        !((200..300).contains(&status) || promised)
    }

    /// Method and path, ids left out.
    pub(crate) fn name(&self) -> String {
        match self {
            What::Submit => "POST /score/submit".into(),
            What::Profile => "GET /user/profile/{guid}".into(),
            What::Leaderboard => "GET /leaderboard".into(),
            What::Path(path) => format!("GET {path}"),
        }
    }
}

/// Writes requests of one kind.
pub(crate) struct Requests {
    what: What,
    headers: String,
    players: u64,
}

impl Requests {
    /// For a server that may ask for a key.
    pub(crate) fn new(what: &What, target: &Target, key: Option<&str>, players: u64) -> Self {
        let key = key.map_or_else(String::new, |k| format!("authorization: Bearer {k}\r\n"));
        Requests {
            what: what.clone(),
            headers: format!("host: {}\r\n{key}", target.host),
            players,
        }
    }

    /// The next request, of a player at random.
    pub(crate) fn write(&self, out: &mut Vec<u8>, random: &mut fastrand::Rng) {
        out.clear();
        let headers = &self.headers;
        let text = match &self.what {
            What::Submit => {
                let id = player_id(random.u64(..self.players));
                let body = format!(r#"{{"user_id":"{id}","score_worth":1}}"#);
                let length = body.len();
                format!(
                    "POST /score/submit HTTP/1.1\r\n{headers}content-type: application/json\r\n\
                     content-length: {length}\r\n\r\n{body}"
                )
            }
            What::Profile => {
                let id = player_id(random.u64(..self.players));
                format!("GET /user/profile/{id} HTTP/1.1\r\n{headers}\r\n")
            }
            What::Leaderboard => format!("GET /leaderboard HTTP/1.1\r\n{headers}\r\n"),
            What::Path(path) => format!("GET {path} HTTP/1.1\r\n{headers}\r\n"),
        };
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_paths_are_read() {
        assert_eq!("submit".parse(), Ok(What::Submit));
        assert_eq!("/healthz".parse(), Ok(What::Path("/healthz".into())));
        assert!("all".parse::<What>().is_err());
        assert!("/a b".parse::<What>().is_err());
        assert!("/a\r\nb".parse::<What>().is_err());
    }

    #[test]
    fn late_upstreams_are_no_failure_and_nothing_else_is_excused() {
        let smart: What = "smart".parse().unwrap();
        assert!([200, 502, 504].iter().all(|s| !smart.is_failure(*s)));
        assert!([404, 500, 503].iter().all(|s| smart.is_failure(*s)));
        assert!([502, 504, 404].iter().all(|s| What::Submit.is_failure(*s)));
    }

    #[test]
    fn the_length_is_that_of_the_body_and_the_key_is_sent() {
        let target = Target::find("http://127.0.0.1:80", false).unwrap();
        let requests = Requests::new(&What::Submit, &target, Some("k"), 5);
        let mut out = vec![1];
        requests.write(&mut out, &mut fastrand::Rng::with_seed(1));
        let text = String::from_utf8(out).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())));
        assert!(head.contains("\r\nauthorization: Bearer k\r\n"));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!((0..5).any(|n| body["user_id"] == player_id(n).as_str()));
    }
}
