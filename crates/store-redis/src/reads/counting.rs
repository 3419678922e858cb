//! How many entries stand above some, over all rooms, whichever rooms these are in.
//!
//! One round for up to 500 of them; where a board ranks densely, as many rounds as it takes to walk over all
//! better scores, a thousand of each room at a time.

use boards::{RankKey, RankMode, Score, StoreError};
use redis::Value;

use super::look::{Look, Pin};
use super::scripts::ReadScripts;
use super::tiers::Union;
use super::wire;
use super::wire::{Words, count, counts, cut_words, item, items, number, weight_of, word};
use crate::board_keys::Ladder;
use crate::core::Core;

/// Entries that one script counts for.
const MOST_AT_ONCE: usize = 500;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// Entries of the whole board that stand before it.
    BoardBefore,
    /// Entries of the whole board with a better score.
    BoardBetter,
    /// Entries of the view that stand before it.
    Before,
    /// Entries of the view with a better score.
    Better,
}

/// Sums over all rooms.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// Entries in the view.
    pub(super) total: u64,
    /// For each point the figures, in the order they were asked for.
    pub(super) points: Vec<Vec<u64>>,
}

/// Of a board or of the part of it that a view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Among {
    Board,
    View,
}

impl Among {
    /// What has to be counted for a rank; nothing where dense ranks are counted otherwise.
    pub(super) fn figure(self, mode: RankMode) -> Option<Figure> {
        match (self, mode) {
            (_, RankMode::Dense) => None,
            (Among::Board, RankMode::Ordinal) => Some(Figure::BoardBefore),
            (Among::Board, RankMode::Shared) => Some(Figure::BoardBetter),
            (Among::View, RankMode::Ordinal) => Some(Figure::Before),
            (Among::View, RankMode::Shared) => Some(Figure::Better),
        }
    }
}

impl Look<'_> {
    /// Counts for each point; also how many entries there are, where there are no points.
    pub(super) async fn count(
        &mut self,
        figures: &[Figure],
        points: &[RankKey],
    ) -> Result<Counted, StoreError> {
        let mut sum = Counted::default();
        let mut parts = points.chunks(MOST_AT_ONCE);
        let mut next = Some(parts.next().unwrap_or_default());
        while let Some(some) = next {
            let scripts = &self.core.scripts.reads;
            let answers = self.ask_all(&scripts.counts, words(figures, some)).await?;
            let answers = answers.iter().map(|found| read(found, figures.len()));
            let counted = add(&answers.collect::<Result<Vec<_>, _>>()?);
            sum.total = counted.total;
            sum.points.extend(counted.points);
            next = parts.next();
        }
        Ok(sum)
    }

    /// For each of these entries the number of its rank less one.
    pub(super) async fn above(
        &mut self,
        among: Among,
        points: &[RankKey],
    ) -> Result<Vec<u64>, StoreError> {
        if points.is_empty() {
            return Ok(Vec::new());
        }
        match among.figure(self.pin()?.mode) {
            Some(figure) => {
                let counted = self.count(&[figure], points).await?;
                Ok(counted.points.into_iter().flatten().collect())
            }
            None => self.tiers_above(among, points).await,
        }
    }

    /// For each of these entries how many different scores are better.
    pub(super) async fn tiers_above(
        &self,
        among: Among,
        points: &[RankKey],
    ) -> Result<Vec<u64>, StoreError> {
        let Pin { number, season, .. } = self.pin()?;
        let ladder = Ladder::new(number, season);
        let set = match (&self.view.segment, among) {
            (Some(segment), Among::View) => ladder.segment(segment),
            _ => ladder.ranked(),
        };
        let weights: Vec<Score> = points.iter().map(|point| weight_of(*point)).collect();
        distinct_better(self.core, &set, &weights).await
    }
}

/// For each of these scores how many different ones of a sorted set, over all rooms, are better. `set` is its key
/// without what all keys of a room begin with; scores are weights, as the set has them.
///
/// Takes one round for each thousand different scores that the fullest room has above the worst of these.
///
/// # Errors
/// Where the rooms cannot be read.
pub(crate) async fn distinct_better(
    core: &Core,
    set: &[u8],
    weights: &[Score],
) -> Result<Vec<u64>, StoreError> {
    let mut union = Union::new(usize::from(core.layout.count()), weights);
    let Some(worst) = union.worst() else {
        return Ok(Vec::new());
    };
    let rooms: Vec<_> = core.layout.rooms().collect();
    loop {
        let asks = union.asks();
        if asks.is_empty() {
            return Ok(union.counts(weights));
        }
        let calls = asks.iter().map(|(room, after)| {
            let after = after.map_or(Vec::new(), number);
            (
                core.layout.key(rooms[*room], set),
                vec![after, number(worst)],
            )
        });
        let ReadScripts { tier_list, .. } = &core.scripts.reads;
        let answers = core.redis.read_scripts(tier_list, calls.collect()).await;
        for ((room, _), answer) in asks.into_iter().zip(answers) {
            let answer = answer?;
            let parts = items(&answer)?;
            let is_all = count(item(parts, 1)?)? == 1;
            union.take(room, wire::weights(item(parts, 0)?)?, is_all);
        }
    }
}

/// The letters by which the script knows figures, then the points.
fn words(figures: &[Figure], points: &[RankKey]) -> Words {
    let letter = |figure: &Figure| match figure {
        Figure::BoardBefore => 'A',
        Figure::BoardBetter => 'B',
        Figure::Before => 'a',
        Figure::Better => 'b',
    };
    let letters: String = figures.iter().map(letter).collect();
    let mut words = vec![word(&letters)];
    words.extend(points.iter().flat_map(|point| cut_words((*point, false))));
    words
}

fn read(found: &Value, figures: usize) -> Result<Counted, StoreError> {
    let parts = items(found)?;
    let all = counts(item(parts, 1)?)?;
    Ok(Counted {
        total: count(item(parts, 0)?)?,
        points: all.chunks(figures.max(1)).map(<[u64]>::to_vec).collect(),
    })
}

fn add(rooms: &[Counted]) -> Counted {
    let mut sum = Counted::default();
    for room in rooms {
        sum.total += room.total;
        if sum.points.is_empty() {
            sum.points = vec![Vec::new(); room.points.len()];
        }
        for (point, figures) in sum.points.iter_mut().zip(&room.points) {
            point.resize(figures.len(), 0);
            point.iter_mut().zip(figures).for_each(|(sum, n)| *sum += n);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_rooms_are_added() {
        let room = |total, points: &[[u64; 2]]| Counted {
            total,
            points: points.iter().map(|point| point.to_vec()).collect(),
        };
        let sum = add(&[room(3, &[[1, 2], [0, 5]]), room(4, &[[10, 0], [1, 1]])]);
        assert_eq!(sum.total, 7);
        assert_eq!(sum.points, [[11, 2], [1, 6]]);
        assert!(add(&[room(3, &[]), room(4, &[])]).points.is_empty());
    }
}
