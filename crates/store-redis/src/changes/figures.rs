//! Figures of a board over all rooms: how many entries it has, which are the last, how much ranks above what.
//!
//! In dense mode the rank of a score is the number of different better scores, which nothing counts: they are
//! gone through one by one, up to the worst that was asked for. That costs O(d log n) for d of them, and is why
//! dense boards want scores that are few.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use boards::{Order, PlayerId, RankKey, RankMode, Score, StoreError};
use redis::Value;

use super::attempt::{Attempt, unreadable};
use crate::board_keys::{self, Ladder};
use crate::board_line::BoardLine;
use crate::core::Core;
use crate::layout::Room;
use crate::reads::distinct_better;
use crate::replies;
use crate::tx::{Commit, Count, Counted};

/// Figures asked for in one script.
const FIGURES: usize = 1000;

/// The ladder of a board, and how it ranks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranking {
    pub(super) ladder: Ladder,
    pub(super) order: Order,
    pub(super) mode: RankMode,
    /// The first that is cut off; it and what is behind it count for nothing.
    pub(super) cut: Option<RankKey>,
}

impl Ranking {
    /// That of a board's present season.
    pub(super) fn of(line: &BoardLine) -> Self {
        Ranking {
            ladder: line.ladder(),
            order: line.settings.order,
            mode: line.settings.rank_mode,
            cut: line.cut_of(line.present().season),
        }
    }

    /// What there is of ranked entries.
    fn all(self) -> Counted {
        match self.cut {
            None => Counted::All,
            Some(cut) => Counted::Before {
                score: weight(self, cut),
                member: board_keys::member(cut.reached(), PlayerId::NIL),
            },
        }
    }
}

impl Attempt<'_, '_> {
    /// How many ranked entries there are, and the last of them, the very last at the end.
    pub(super) async fn last_of(
        &self,
        ranking: Ranking,
        count: usize,
    ) -> Result<(u64, Vec<(RankKey, PlayerId)>), StoreError> {
        if ranking.cut.is_some() {
            return self.last_before_cut(ranking, count).await;
        }
        let mut commands = Vec::new();
        for room in self.layout().rooms() {
            let key = self.layout().key(room, &ranking.ladder.ranked());
            commands.push(redis::cmd("ZCARD").arg(&key).take());
            let first = -i64::try_from(count.max(1)).unwrap_or(i64::MAX);
            let last = redis::cmd("ZRANGE").arg(&key).arg(first).arg(-1).take();
            commands.push(last.clone().arg("WITHSCORES").take());
        }
        let answers = self.core().redis.read(commands).await?;
        let mut total = 0;
        let mut last = Vec::new();
        for pair in answers.chunks_exact(2) {
            total += replies::whole(&pair[0]).unwrap_or(0);
            last.extend(entries(ranking.order, &pair[1])?);
        }
        Ok((total, very_last(last, count)))
    }

    /// The same where the end is cut off: first each room says where that is.
    async fn last_before_cut(
        &self,
        ranking: Ranking,
        count: usize,
    ) -> Result<(u64, Vec<(RankKey, PlayerId)>), StoreError> {
        let ends = in_rooms(self.core(), ranking.ladder, &[ranking.all()]).await?;
        let ends: Vec<u64> = ends.into_iter().flatten().collect();
        let rooms = self
            .layout()
            .rooms()
            .zip(&ends)
            .filter(|(_, end)| **end > 0);
        let commands = rooms.map(|(room, end)| {
            let key = self.layout().key(room, &ranking.ladder.ranked());
            let first = end.saturating_sub(count.max(1) as u64);
            let mut range = redis::cmd("ZRANGE");
            range.arg(key).arg(first).arg(end - 1);
            range.arg("WITHSCORES").take()
        });
        let mut last = Vec::new();
        for answer in &self.core().redis.read(commands.collect()).await? {
            last.extend(entries(ranking.order, answer)?);
        }
        Ok((ends.iter().sum(), very_last(last, count)))
    }

    /// The last ranked entries of a room, wherever the end is cut off.
    pub(super) async fn last_in(
        &self,
        room: Room,
        ranking: Ranking,
        count: usize,
    ) -> Result<Vec<(RankKey, PlayerId)>, StoreError> {
        let key = self.layout().key(room, &ranking.ladder.ranked());
        let first = -i64::try_from(count.max(1)).unwrap_or(i64::MAX);
        let mut last = redis::cmd("ZRANGE");
        last.arg(key).arg(first).arg(-1).arg("WITHSCORES");
        let answers = self.core().redis.read(vec![last]).await?;
        answers
            .first()
            .map_or(Ok(Vec::new()), |last| entries(ranking.order, last))
    }

    /// How much ranks above each of these keys, by [`Draft::question`](super::draft::Draft::question).
    pub(super) async fn above(
        &self,
        ranking: Ranking,
        questions: &BTreeSet<RankKey>,
    ) -> Result<BTreeMap<RankKey, u64>, StoreError> {
        let all: Vec<RankKey> = questions.iter().copied().collect();
        let counts = if ranking.mode == RankMode::Dense {
            let scores = all.iter().map(|key| weight(ranking, *key));
            let scores: Option<Vec<Score>> = scores.map(|weight| Score::new(weight).ok()).collect();
            let scores = scores.ok_or_else(|| unreadable("score"))?;
            distinct_better(self.core(), &ranking.ladder.ranked(), &scores).await?
        } else {
            let counted = all.iter().map(|key| before(ranking, *key)).collect();
            sums(self.core(), ranking.ladder, counted).await?
        };
        Ok(all.into_iter().zip(counts).collect())
    }

    /// How many entries have these scores.
    pub(super) async fn ties(
        &self,
        ranking: Ranking,
        tiers: &BTreeSet<u64>,
    ) -> Result<HashMap<u64, u64>, StoreError> {
        let equal = tiers.iter().map(|tier| Counted::Equal {
            score: weight(ranking, RankKey::of_tier(*tier)),
        });
        let counts = sums(self.core(), ranking.ladder, equal.collect()).await?;
        Ok(tiers.iter().copied().zip(counts).collect())
    }

    /// How many ranked entries there are.
    pub(super) async fn total(&self, ranking: Ranking) -> Result<u64, StoreError> {
        let totals = sums(self.core(), ranking.ladder, vec![ranking.all()]).await?;
        Ok(totals.into_iter().sum())
    }

    /// How many entries there are in some seasons, hidden ones too.
    pub(super) async fn filled(
        &self,
        ladders: impl Iterator<Item = Ladder>,
    ) -> Result<u64, StoreError> {
        let layout = self.layout();
        let keys = ladders.flat_map(|ladder| {
            let key = ladder.entries();
            layout.rooms().map(move |room| layout.key(room, &key))
        });
        let commands = keys.map(|key| redis::cmd("HLEN").arg(key).take());
        let answers = self.core().redis.read(commands.collect()).await?;
        Ok(answers.iter().filter_map(replies::whole).sum())
    }
}

fn weight(ranking: Ranking, key: RankKey) -> f64 {
    board_keys::weight(ranking.order, key.score(ranking.order))
}

fn before(ranking: Ranking, key: RankKey) -> Counted {
    let score = weight(ranking, key);
    match ranking.mode {
        // Of entries with one and the same stamp there is one.
        RankMode::Ordinal => Counted::Before {
            score,
            member: board_keys::member(key.reached(), PlayerId::NIL),
        },
        RankMode::Shared | RankMode::Dense => Counted::Better { score },
    }
}

/// Figures of a ladder, each summed up over all rooms.
async fn sums(core: &Core, ladder: Ladder, asked: Vec<Counted>) -> Result<Vec<u64>, StoreError> {
    let all = in_rooms(core, ladder, &asked).await?;
    Ok(all.iter().map(|rooms| rooms.iter().sum()).collect())
}

/// Figures of a ladder, each as it is in every room.
async fn in_rooms(
    core: &Core,
    ladder: Ladder,
    asked: &[Counted],
) -> Result<Vec<Vec<u64>>, StoreError> {
    let mut all = Vec::with_capacity(asked.len());
    for some in asked.chunks(FIGURES) {
        let mut tx = core.begin();
        for of in some {
            for room in core.layout.rooms() {
                let (key, of) = (ladder.ranked(), of.clone());
                tx.count(room, Count { key, of });
            }
        }
        let Commit::Made(counts) = tx.commit().await? else {
            return Err(unreadable("figure"));
        };
        let rooms = usize::from(core.layout.count());
        all.extend(counts.chunks(rooms).map(<[u64]>::to_vec));
    }
    Ok(all)
}

/// The last of these, the very last at the end.
fn very_last(mut all: Vec<(RankKey, PlayerId)>, count: usize) -> Vec<(RankKey, PlayerId)> {
    all.sort_unstable();
    let more = all.len().saturating_sub(count);
    all.drain(..more);
    all
}

/// The entries of a range that came with scores.
fn entries(order: Order, answer: &Value) -> Result<Vec<(RankKey, PlayerId)>, StoreError> {
    let pairs = replies::pairs(answer);
    let read = pairs.iter().map(|(member, weight)| {
        let (reached, player) = board_keys::read_member(member)?;
        let weight = std::str::from_utf8(weight).ok()?.parse().ok()?;
        let score = board_keys::score_of(order, weight)?;
        Some((RankKey::new(order, score, reached), player))
    });
    let read = read.collect::<Option<_>>();
    read.ok_or_else(|| unreadable("place"))
}
