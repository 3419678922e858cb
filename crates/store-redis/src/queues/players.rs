//! What readers are shown of a player: its ratings and its history, which are in its own room.

use std::sync::Arc;

use boards::{PlayerId, StoreError};
use matchmaking::{HistoryMark, Match, MatchError, PlayerRating};

use super::keys::{self, Place, history, read_history_member};
use super::{MatchLine, QueueLine, Queues, Rated, wire};

/// Matches of one instant looked at in a history; nobody is in as many.
const AT_ONCE: usize = 1000;

impl Queues {
    pub(crate) async fn ratings(&self, player: PlayerId) -> Result<Vec<PlayerRating>, MatchError> {
        let layout = &self.core.layout;
        let lines = self.all_lines().await?;
        let rating = |line: &QueueLine| Place::of(layout, line.number).rating(layout, player);
        let mut tx = self.core.begin();
        let exists = keys::player(layout, player);
        tx.peek(lines.values().map(rating).chain([exists.clone()]))
            .await?;
        if tx.known(&exists).is_none() {
            return Err(StoreError::UnknownPlayer(player).into());
        }
        let rated = lines.iter().filter_map(|(id, line)| {
            let rated = Rated::read(&tx.known(&rating(line))?)?;
            Some(PlayerRating {
                queue: id.clone(),
                rating: rated.rating,
                matches: rated.matches,
                rated_at_ms: rated.rated_at_ms,
            })
        });
        Ok(rated.collect())
    }

    pub(crate) async fn history(
        &self,
        player: PlayerId,
        before: Option<HistoryMark>,
        limit: usize,
    ) -> Result<Vec<Arc<Match>>, MatchError> {
        let layout = &self.core.layout;
        let members = self.history_members(player, before, limit).await?;
        let members = members
            .iter()
            .filter_map(|member| read_history_member(member));
        let places = members.map(|(id, number)| Place::of(layout, number).of_match(id));
        let places: Vec<_> = places.collect();
        let mut tx = self.core.begin();
        let exists = keys::player(layout, player);
        tx.peek(places.iter().cloned().chain([exists.clone()]))
            .await?;
        if tx.known(&exists).is_none() {
            return Err(StoreError::UnknownPlayer(player).into());
        }
        let lines = places
            .iter()
            .filter_map(|at| MatchLine::read(&tx.known(at)?));
        Ok(lines.map(|line| line.of).collect())
    }

    /// The latest first, after the mark: those of its instant that come after it, then the earlier ones.
    async fn history_members(
        &self,
        player: PlayerId,
        before: Option<HistoryMark>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let room = self.core.layout.of_player(player);
        let key = self.core.layout.key(room, &history(player));
        let range = |from: &str, to: &str, limit: usize| {
            let range = redis::cmd("ZREVRANGEBYSCORE")
                .arg(&key)
                .arg(from)
                .arg(to)
                .take();
            let mut range = range;
            range.arg("LIMIT").arg(0).arg(limit).take()
        };
        let Some((at_ms, id)) = before else {
            return Ok(wire::items(
                self.read_one(range("+inf", "-inf", limit)).await?,
            ));
        };
        let at = at_ms.to_string();
        let commands = vec![
            range(&at, &at, AT_ONCE),
            range(&format!("({at}"), "-inf", limit),
        ];
        let mut lists = self
            .core
            .redis
            .read(commands)
            .await?
            .into_iter()
            .map(wire::items);
        let same = lists.next().unwrap_or_default().into_iter();
        let is_later =
            |member: &Vec<u8>| read_history_member(member).is_some_and(|(other, _)| other < id);
        let all = same.filter(is_later).chain(lists.flatten());
        Ok(all.take(limit).collect())
    }
}
