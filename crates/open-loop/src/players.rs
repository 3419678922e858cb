//! The players that submissions and profiles are of, created where they are missing.

use std::collections::HashSet;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::target::Target;

/// Some 1 MiB of body.
const BATCH: u64 = 10_000;
/// As many as can be looked up at once.
const LOOKUP: usize = 1000;
const COUNTRIES: [&str; 5] = ["tr", "us", "de", "fr", "jp"];

/// The id of a player: the same number has the same id in every run, and ids are spread evenly.
pub(crate) fn player_id(number: u64) -> String {
    let hex = format!("{:016x}{:016x}", scramble(number), scramble(!number));
    let part = |range| hex.get(range).unwrap_or_default();
    [
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32),
    ]
    .join("-")
}

/// A bijection that spreads every bit, so that no two numbers give the same (the finish of splitmix64,
/// after Steele, Lea and Flood, 2014).
fn scramble(word: u64) -> u64 {
    let mut x = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Creates those of `count` players that are missing. An error if the server cannot be reached or refuses.
pub(crate) fn make(target: &Target, key: Option<&str>, count: u64) -> anyhow::Result<()> {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        // The load itself goes directly, too.
        .proxy(None);
    let server = Server {
        agent: config.build().into(),
        host: target.host.clone(),
        key: key.map(|key| format!("Bearer {key}")),
    };
    for start in (0..count).step_by(BATCH as usize) {
        let numbers = start..count.min(start + BATCH);
        if !server.create(numbers.clone().collect())? {
            server.create_missing(numbers.collect())?;
        }
    }
    Ok(())
}

struct Server {
    agent: ureq::Agent,
    host: String,
    key: Option<String>,
}

impl Server {
    /// All of these or, where some exist, none; whether it was all.
    fn create(&self, numbers: Vec<u64>) -> anyhow::Result<bool> {
        let players: Vec<Value> = numbers.into_iter().map(new_player).collect();
        match self.post("/user/create", &Value::from(players))? {
            (201, _) => Ok(true),
            (409, _) => Ok(false),
            (status, body) => bail!("cannot create players: {status} {body}"),
        }
    }

    /// A refusal names the first hundred that exist, so those that do not are looked up.
    fn create_missing(&self, numbers: Vec<u64>) -> anyhow::Result<()> {
        for some in numbers.chunks(LOOKUP) {
            let ids: Vec<String> = some.iter().map(|n| player_id(*n)).collect();
            let asked = json!({"player_ids": ids});
            let (status, body) = self.post("/v1/boards/global/entries:lookup", &asked)?;
            ensure!(status == 200, "cannot look players up: {status} {body}");
            let missing = missing(some, &ids, &body);
            if !missing.is_empty() && !self.create(missing)? {
                bail!(
                    "some players exist and are not on the leaderboard, or are being made by another load"
                );
            }
        }
        Ok(())
    }

    fn post(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let mut request = self.agent.post(format!("http://{}{path}", self.host));
        if let Some(key) = &self.key {
            request = request.header("authorization", key);
        }
        let mut reply = request.send_json(body).context("cannot prepare players")?;
        let body = reply.body_mut().read_json();
        Ok((
            reply.status().as_u16(),
            body.context("cannot prepare players")?,
        ))
    }
}

/// Those of the players that a lookup has not found.
fn missing(numbers: &[u64], ids: &[String], found: &Value) -> Vec<u64> {
    let not_found: HashSet<&str> = found["not_found"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let both = numbers.iter().zip(ids);
    both.filter(|(_, id)| not_found.contains(id.as_str()))
        .map(|(number, _)| *number)
        .collect()
}

fn new_player(number: u64) -> Value {
    let country = COUNTRIES[(number % COUNTRIES.len() as u64) as usize];
    json!({"user_id": player_id(number), "display_name": format!("load {number}"), "country": country})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_were_not_found_are_missing() {
        let numbers = [3, 4, 5];
        let ids = numbers.map(player_id);
        let found = json!({"entries": [{"player_id": ids[1]}], "not_found": [ids[0], ids[2]]});
        assert_eq!(missing(&numbers, &ids, &found), [3, 5]);
        assert!(missing(&numbers, &ids, &json!({"not_found": []})).is_empty());
    }
}
