//! Which entry has some place, asked of all rooms: the rounds of the [selection](super::selection).

use boards::{RankKey, Score, StoreError};
use redis::Value;

use super::look::Look;
use super::selection::{Sampled, Selection, Stretch};
use super::wire::{Words, count, count_word, cut_words, item, items, keys, weight};

/// Samples that a room takes for one script, in all stretches.
const SAMPLES: usize = 2000;
/// The most of one stretch; more would make a round longer than they save.
const MOST_OF_ONE: usize = 256;
const FEWEST_OF_ONE: usize = 32;

/// What the rooms have of some stretches.
pub(super) struct Survey {
    /// Entries in the view.
    pub(super) total: u64,
    /// The best score and the worst, as weights.
    pub(super) ends: Option<(Score, Score)>,
    /// For each stretch, what each room has.
    pub(super) samples: Vec<Vec<Sampled>>,
}

impl Look<'_> {
    /// The entry after so many of the view; `None` where there are no more.
    pub(super) async fn entry_at(&mut self, place: u64) -> Result<Option<RankKey>, StoreError> {
        let found = self.select(Selection::new(&[place])).await?;
        Ok(found.into_iter().next().flatten())
    }

    /// Goes on with a selection until all is found.
    pub(super) async fn select(
        &mut self,
        mut selection: Selection,
    ) -> Result<Vec<Option<RankKey>>, StoreError> {
        loop {
            let asks = selection.asks();
            if asks.is_empty() {
                return Ok(selection.finish());
            }
            let survey = self.survey(&asks).await?;
            for (stretch, rooms) in asks.into_iter().zip(survey.samples) {
                selection.take(stretch, &rooms);
            }
        }
    }

    /// Samples of stretches, of all rooms.
    pub(super) async fn survey(&mut self, stretches: &[Stretch]) -> Result<Survey, StoreError> {
        let script = &self.core.scripts.reads.samples;
        let found = self.ask_all(script, words(stretches)).await?;
        let mut survey = Survey {
            total: 0,
            ends: None,
            samples: vec![Vec::new(); stretches.len()],
        };
        for found in &found {
            self.add(&mut survey, items(found)?)?;
        }
        Ok(survey)
    }

    fn add(&self, survey: &mut Survey, found: &[Value]) -> Result<(), StoreError> {
        let order = self.pin()?.order;
        survey.total += count(item(found, 0)?)?;
        let ends = weight(item(found, 1)?)?.zip(weight(item(found, 2)?)?);
        survey.ends = match (survey.ends, ends) {
            (Some((best, worst)), Some((b, w))) => Some((best.min(b), worst.max(w))),
            (known, ends) => known.or(ends),
        };
        let stretches = found.get(3..).unwrap_or_default().chunks_exact(3);
        for (samples, stretch) in survey.samples.iter_mut().zip(stretches) {
            samples.push(Sampled {
                first: count(&stretch[0])?,
                end: count(&stretch[1])?,
                keys: keys(order, &stretch[2])?,
            });
        }
        Ok(())
    }
}

fn words(stretches: &[Stretch]) -> Words {
    let samples = SAMPLES / stretches.len().max(1);
    let samples = samples.clamp(FEWEST_OF_ONE, MOST_OF_ONE) as u64;
    let mut words = vec![count_word(samples)];
    for stretch in stretches {
        for end in [stretch.low, stretch.high] {
            let point = end.map(|key| cut_words((key, false)));
            words.extend(point.unwrap_or_default());
        }
    }
    words
}
