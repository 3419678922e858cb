//! The players that submissions and profiles are of, created where they are missing.

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::target::Target;

/// Some 1 MiB of body.
const BATCH: u64 = 10_000;
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
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        // The load itself goes directly, too.
        .proxy(None)
        .build()
        .into();
    for start in (0..count).step_by(BATCH as usize) {
        let numbers = start..count.min(start + BATCH);
        make_batch(&agent, target, key, numbers.map(new_player).collect())?;
    }
    Ok(())
}

/// What exists is named by the refusal, and left out of the next try.
fn make_batch(
    agent: &ureq::Agent,
    target: &Target,
    key: Option<&str>,
    mut missing: Vec<Value>,
) -> anyhow::Result<()> {
    while !missing.is_empty() {
        let mut request = agent.post(format!("http://{}/user/create", target.host));
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let mut reply = request
            .send_json(&missing)
            .context("cannot create players")?;
        let status = reply.status().as_u16();
        let body: Value = reply
            .body_mut()
            .read_json()
            .context("cannot create players")?;
        match status {
            201 => return Ok(()),
            409 => missing = left(missing, &body)?,
            _ => bail!("cannot create players: {status} {body}"),
        }
    }
    Ok(())
}

/// The players that a refusal does not name.
fn left(players: Vec<Value>, refusal: &Value) -> anyhow::Result<Vec<Value>> {
    let faults = refusal["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let mut exists = vec![false; players.len()];
    for fault in faults {
        let place = fault["pointer"].as_str().and_then(|p| p.split('/').nth(1));
        if let Some(exists) = place
            .and_then(|p| p.parse().ok())
            .and_then(|p: usize| exists.get_mut(p))
        {
            *exists = true;
        }
    }
    ensure!(exists.contains(&true), "cannot create players: {refusal}");
    let both = players.into_iter().zip(exists);
    Ok(both
        .filter(|(_, exists)| !exists)
        .map(|(player, _)| player)
        .collect())
}

fn new_player(number: u64) -> Value {
    let country = COUNTRIES[(number % COUNTRIES.len() as u64) as usize];
    json!({"user_id": player_id(number), "display_name": format!("load {number}"), "country": country})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_left_out() {
        let players: Vec<Value> = (0..4).map(new_player).collect();
        let refusal = json!({"errors": [{"pointer": "/0/user_id"}, {"pointer": "/2/user_id"}]});
        let rest = left(players.clone(), &refusal).unwrap();
        assert_eq!(rest, [players[1].clone(), players[3].clone()]);
        assert!(left(players, &json!({"errors": []})).is_err());
    }
}
