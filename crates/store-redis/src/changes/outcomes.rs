//! What submissions did, with the ranks that they made: those that all rooms tell, and the moves since.

use std::collections::{BTreeMap, BTreeSet};

use boards::{BoardId, Outcome, RankKey, RankMode, Refusal, StoreError, Submission};

use super::attempt::Attempt;
use super::draft::{Base, Draft};
use super::field::{Field, Step};
use super::play::Fields;
use crate::layout::Room;
use crate::stamps;

impl Attempt<'_, '_> {
    /// What the steps did, with their ranks.
    pub(super) async fn outcomes(
        &self,
        asked: &[(BoardId, Submission)],
        fields: &Fields,
        steps: Vec<Result<Step, Refusal>>,
        stamp: u64,
    ) -> Result<Vec<Result<Outcome, Refusal>>, StoreError> {
        let mut drafts = BTreeMap::new();
        for (board, field) in fields {
            let of_board = asked.iter().zip(&steps).filter(|((b, _), _)| b == board);
            let of_board: Vec<&Step> = of_board.filter_map(|(_, s)| s.as_ref().ok()).collect();
            if !of_board.is_empty() {
                let asking = Asking {
                    field,
                    first: stamps::reached(stamp, Room(0)),
                    end: stamps::reached(stamp + asked.len() as u64, Room(0)),
                };
                let base = self.base(&asking, &of_board).await?;
                let draft = Draft::new(field.line.settings.rank_mode, base);
                drafts.insert(board, (asking, draft));
            }
        }
        let outcomes = asked.iter().zip(steps).map(|((board, _), step)| {
            let step = step?;
            let missing = || Refusal::UnknownBoard(board.clone());
            let (asking, draft) = drafts.get_mut(board).ok_or_else(missing)?;
            Ok(asking.outcome(draft, &step))
        });
        Ok(outcomes.collect())
    }

    /// What the board has to be asked for the ranks of these steps.
    async fn base(&self, asking: &Asking<'_>, steps: &[&Step]) -> Result<Base, StoreError> {
        let ranking = asking.field.ranking();
        let ranked = steps.iter().filter(|step| !step.hidden);
        let keys = ranked.flat_map(|step| [step.old, step.new]).flatten();
        let questions: BTreeSet<RankKey> = keys
            .map(|key| Draft::question(ranking.mode, asking.stead(key)))
            .collect();
        let mut base = Base {
            total: self.total(ranking).await?,
            above: self.above(ranking, &questions).await?,
            ..Base::default()
        };
        if ranking.mode == RankMode::Dense {
            let dropped = |step: &&Step| step.dropped.map(|(key, _)| key);
            let touched = steps
                .iter()
                .flat_map(|step| [step.old, step.new, dropped(step)])
                .flatten()
                .map(RankKey::tier);
            base.ties = self.ties(ranking, &touched.collect()).await?;
        }
        Ok(base)
    }
}

/// How the ranks of a board are asked for.
struct Asking<'f> {
    field: &'f Field,
    /// When the first of the submissions reached its score, or would have.
    first: u64,
    /// When all of them have.
    end: u64,
}

impl Asking<'_> {
    /// The key that is asked about instead: nothing of the board comes between what the submissions reach, so
    /// that all with one score are asked about together.
    fn stead(&self, key: RankKey) -> RankKey {
        if !(self.first..self.end).contains(&key.reached()) {
            return key;
        }
        let order = self.field.line.settings.order;
        RankKey::new(order, key.score(order), self.first)
    }

    fn outcome(&self, draft: &mut Draft, step: &Step) -> Outcome {
        let rank = |draft: &Draft, key: Option<RankKey>| {
            let key = key.filter(|_| !step.hidden);
            key.map(|key| draft.rank(key, self.stead(key)))
        };
        let previous_rank = rank(draft, step.old);
        if !step.hidden {
            draft.set(step.player, step.old, step.new);
        }
        if let Some((key, id)) = step.dropped {
            draft.set(id, Some(key), None);
        }
        Outcome {
            score: step.score,
            previous_score: step.previous,
            rank: rank(draft, step.new),
            previous_rank,
            total: draft.total(),
            applied: step.applied,
            season: self.field.line.present().season,
        }
    }
}
