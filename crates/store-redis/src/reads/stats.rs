//! The scores of a view in figures.
//!
//! With one room that is one script, exact at one instant. With several it is the rounds of a
//! [selection](super::selection) for all shares at once, and one in which all rooms count the parts of the
//! histogram; the figures of a board that changes meanwhile are each of the round that read them.

use boards::{
    Bucket, Order, RankKey, Score, SeasonId, Stats, StoreError, View, histogram_bounds,
    nearest_rank,
};
use redis::Value;

use super::counting::Figure;
use super::look::Look;
use super::selection::{Selection, Stretch};
use super::wire::{Words, count, count_word, counts, item, items, weights};
use crate::board_keys::score_of;
use crate::core::Core;
use crate::replies::strange;

/// See [`boards::BoardStore::stats`].
pub(super) async fn stats(
    core: &Core,
    view: &View,
    percentiles: &[f64],
    buckets: usize,
) -> Result<Stats, StoreError> {
    let mut look = Look::new(core, view);
    if look.is_alone() {
        return of_one_room(&mut look, percentiles, buckets).await;
    }
    let survey = look.survey(&[Stretch::default()]).await?;
    let pin = look.pin()?;
    let Some((best, worst)) = survey.ends else {
        return Ok(Stats::none(pin.season));
    };
    let (min, max) = ends(pin.order, best, worst)?;
    let total = survey.total;
    let places = percentiles.iter().map(|p| place(pin.order, *p, total));
    let mut selection = Selection::new(&places.collect::<Vec<_>>());
    for rooms in &survey.samples {
        selection.take(Stretch::default(), rooms);
    }
    let found = look.select(selection).await?;
    // Where entries leave meanwhile, the worst that there was.
    let last = if pin.order == Order::Desc { min } else { max };
    let score = |key: Option<RankKey>| key.map_or(last, |key| key.score(pin.order));
    let scores = found.into_iter().map(score);
    Ok(Stats {
        total,
        min: Some(min),
        max: Some(max),
        percentiles: percentiles.iter().copied().zip(scores).collect(),
        histogram: histogram(&mut look, (min, max), buckets).await?,
        season: pin.season,
    })
}

/// How many entries stand before the one at this share.
fn place(order: Order, percent: f64, total: u64) -> u64 {
    let rank = nearest_rank(percent, total);
    match order {
        Order::Asc => rank - 1,
        Order::Desc => total - rank,
    }
}

async fn histogram(
    look: &mut Look<'_>,
    (min, max): (Score, Score),
    buckets: usize,
) -> Result<Vec<Bucket>, StoreError> {
    let bounds = histogram_bounds(min, max, buckets);
    let order = look.pin()?.order;
    // As many stand before these points as have a lower score, or, where high ranks first, at least that score.
    let reached = if order == Order::Asc { 0 } else { u64::MAX };
    let points = bounds
        .iter()
        .map(|bound| RankKey::new(order, *bound, reached));
    let points: Vec<RankKey> = points.collect();
    let counted = look.count(&[Figure::Before], &points).await?;
    let before = counted.points.into_iter().flatten();
    let below = before.map(|before| match order {
        Order::Asc => before,
        Order::Desc => counted.total.saturating_sub(before),
    });
    Ok(parts(&bounds, below, max, counted.total))
}

/// The parts that begin at these scores, of which so many are below each.
fn parts(
    bounds: &[Score],
    below: impl Iterator<Item = u64>,
    max: Score,
    total: u64,
) -> Vec<Bucket> {
    let mut below: Vec<u64> = below.collect();
    // Nothing is below the lowest, and what came below it since is of the first part.
    below.iter_mut().take(1).for_each(|below| *below = 0);
    let ends = below.iter().skip(1).copied().chain([total]);
    let tos = bounds.iter().skip(1).copied().chain([max]);
    let parts = bounds.iter().zip(tos).zip(below.iter().zip(ends));
    let parts = parts.map(|((from, to), (start, end))| Bucket {
        from: *from,
        to,
        count: end.saturating_sub(*start),
    });
    parts.collect()
}

async fn of_one_room(
    look: &mut Look<'_>,
    percentiles: &[f64],
    buckets: usize,
) -> Result<Stats, StoreError> {
    let mut words: Words = vec![count_word(buckets as u64)];
    words.extend(percentiles.iter().map(|p| format!("{p:e}").into_bytes()));
    let found = look.ask_all(&look.core.scripts.reads.stats, words).await?;
    let found = found.first().ok_or_else(|| strange("it is empty"))?;
    let pin = look.pin()?;
    read(items(found)?, pin.order, pin.season, percentiles)
}

fn read(
    parts: &[Value],
    order: Order,
    season: SeasonId,
    percentiles: &[f64],
) -> Result<Stats, StoreError> {
    let total = count(item(parts, 0)?)?;
    if total == 0 {
        return Ok(Stats::none(season));
    }
    let ends = ends_of(order, item(parts, 1)?, item(parts, 2)?)?;
    let at_shares = weights(item(parts, 3)?)?;
    let at_shares = at_shares.into_iter().map(|weight| score(order, weight));
    let at_shares = at_shares.collect::<Result<Vec<_>, _>>()?;
    let bounds = weights(item(parts, 4)?)?;
    let below = counts(item(parts, 5)?)?;
    Ok(Stats {
        total,
        min: Some(ends.0),
        max: Some(ends.1),
        percentiles: percentiles.iter().copied().zip(at_shares).collect(),
        histogram: self::parts(&bounds, below.into_iter(), ends.1, total),
        season,
    })
}

fn ends_of(order: Order, best: &Value, worst: &Value) -> Result<(Score, Score), StoreError> {
    let weight = |value| super::wire::weight(value)?.ok_or_else(|| strange("a score is none"));
    ends(order, weight(best)?, weight(worst)?)
}

/// The lowest score and the highest, of the best and the worst.
fn ends(order: Order, best: Score, worst: Score) -> Result<(Score, Score), StoreError> {
    let (best, worst) = (score(order, best)?, score(order, worst)?);
    Ok((best.min(worst), best.max(worst)))
}

fn score(order: Order, weight: Score) -> Result<Score, StoreError> {
    score_of(order, weight.get()).ok_or_else(|| strange("a score is none"))
}
