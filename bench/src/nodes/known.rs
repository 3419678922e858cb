//! What has to stand on a leaderboard: every player's points are known, so every rank is.
//!
//! Points begin with a fraction of the player's own, so that no two are ever equal and the order does not depend on
//! which node was first.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::http::{self, country, country_rank_path, player_id};
use crate::queues::Client;
use crate::random::{Random, scramble};

/// So many players have fractions of their own.
pub const MOST_PLAYERS: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(60);
/// Players whose ranks are asked for on every node.
const SAMPLE: u64 = 20;
const PAGE: usize = 10;

/// Every player's points.
pub struct Known(Vec<f64>);

impl Known {
    /// So many players, who are made on this node in batches.
    pub fn create(address: SocketAddr, players: u64, batch: u64) -> Result<Self> {
        ensure!(
            players <= MOST_PLAYERS,
            "at most {MOST_PLAYERS} players have points of their own"
        );
        let known = Known((0..players).map(first_points).collect());
        let mut client = Client::connect(address, PATIENCE)?;
        for start in (0..players).step_by(batch as usize) {
            let users = (start..players.min(start + batch)).map(|n| known.user(n));
            let body = format!("[{}]", users.collect::<Vec<_>>().join(","));
            let (status, reply) = client.ask("POST", "/user/create", &body)?;
            let text = || String::from_utf8_lossy(&reply).into_owned();
            ensure!(status == 201, "creation was refused: {}", text());
        }
        Ok(known)
    }

    fn user(&self, n: u64) -> String {
        let (id, points, country) = (player_id(n), self.0[n as usize], country(n));
        format!(
            r#"{{"user_id":"{id}","display_name":"player {n}","country":"{country}","points":{points}}}"#
        )
    }

    /// Each of these players was given a point.
    pub fn add(&mut self, players: &[u32]) {
        for player in players {
            self.0[*player as usize] += 1.0;
        }
    }

    /// Holds every node against it: how many there are, the best ten, points and ranks of some players.
    pub fn check_some(&self, nodes: &[SocketAddr], seed: u64) -> Result<()> {
        let ranks = self.ranks();
        let mut random = Random::new(seed);
        for node in nodes {
            let mut client = Client::connect(*node, PATIENCE)?;
            let board = get(&mut client, "/v1/boards/global")?;
            let players = self.0.len();
            ensure!(board["total"] == players, "not {players} entries: {board}");
            let page = get(&mut client, &format!("/leaderboard?limit={PAGE}"))?;
            self.check_lines(&page, &ranks.order[..PAGE.min(players)])?;
            for _ in 0..SAMPLE {
                self.check_player(&mut client, random.below(players as u64), &ranks)?;
            }
        }
        Ok(())
    }

    /// Holds the whole leaderboard, as this node gives it, against it.
    pub fn check_all(&self, node: SocketAddr) -> Result<()> {
        let (status, body) = http::get(node, "/leaderboard/all")?;
        ensure!(status == 200, "the leaderboard was refused with {status}");
        self.check_lines(&serde_json::from_slice(&body)?, &self.ranks().order)
    }

    fn check_lines(&self, lines: &Value, order: &[u32]) -> Result<()> {
        let lines = lines.as_array().context("no leaderboard")?;
        ensure!(lines.len() == order.len(), "{} lines", lines.len());
        for (at, (line, player)) in lines.iter().zip(order).enumerate() {
            let points = self.0[*player as usize];
            let is_right = line["rank"] == at + 1
                && line["user_id"] == player_id(u64::from(*player))
                && line["points"].as_f64() == Some(points);
            ensure!(
                is_right,
                "player {player} with {points} is not at {}: {line}",
                at + 1
            );
        }
        Ok(())
    }

    fn check_player(&self, client: &mut Client, n: u64, ranks: &Ranks) -> Result<()> {
        let at = n as usize;
        let (points, rank) = (self.0[at], ranks.whole[at]);
        let profile = get(client, &format!("/user/profile/{}", player_id(n)))?;
        let is_right = profile["points"].as_f64() == Some(points) && profile["rank"] == rank;
        ensure!(is_right, "not {points} points, rank {rank}: {profile}");
        let entry = get(client, &country_rank_path(n))?;
        let within = ranks.within[at];
        let is_right = entry["rank"] == rank && entry["segment_rank"] == within;
        ensure!(
            is_right,
            "not rank {rank}, {within} of the country: {entry}"
        );
        Ok(())
    }

    fn ranks(&self) -> Ranks {
        let points = |n: &u32| self.0[*n as usize];
        let mut order: Vec<u32> = (0..self.0.len() as u32).collect();
        order.sort_by(|a, b| points(b).total_cmp(&points(a)));
        let (mut whole, mut within) = (vec![0; order.len()], vec![0; order.len()]);
        let mut counts = std::collections::BTreeMap::new();
        for (rank, n) in (1..).zip(&order) {
            let count = counts.entry(country(u64::from(*n))).or_insert(0);
            *count += 1;
            (whole[*n as usize], within[*n as usize]) = (rank, *count);
        }
        Ranks {
            order,
            whole,
            within,
        }
    }
}

struct Ranks {
    /// Players, best first.
    order: Vec<u32>,
    /// Rank of each player on the board, and in its country.
    whole: Vec<u64>,
    within: Vec<u64>,
}

fn first_points(n: u64) -> f64 {
    (scramble(!n) % 1000) as f64 + n as f64 / MOST_PLAYERS as f64
}

fn get(client: &mut Client, path: &str) -> Result<Value> {
    let (status, body) = client.ask("GET", path, "")?;
    ensure!(status == 200, "{path}: {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_points_that_are_never_equal() {
        let mut known = Known((0..1000).map(first_points).collect());
        let best = known.ranks().order[0];
        let last = known.ranks().order[999];
        known.add(&vec![last; 2000]);
        let ranks = known.ranks();
        assert_eq!((ranks.order[0], ranks.order[1]), (last, best));
        assert_eq!(ranks.whole[last as usize], 1);
        assert_eq!(ranks.within[last as usize], 1);
        let mut points = known.0;
        points.sort_by(f64::total_cmp);
        points.dedup();
        assert_eq!(points.len(), 1000);
    }
}
