//! The result of a match: the match, ratings, histories and boards change together, once and for all.
//!
//! It is about several rooms, and so are others at the same time: the queue's line is read without the commit
//! depending on it, as that would lock it for all. A result that meets the end of its queue is as one before.

use boards::{Outcome, PlayerId, Refusal, StoreError};
use matchmaking::{
    BoardEffect, Match, MatchError, MatchId, MatchResult, MatchState, QueueChanged, QueueSettings,
    RatingChange, Share,
};

use super::{Attempt, Made, SoFar, finished};
use crate::changes::{After, submit_within};
use crate::queues::draft::{Draft, known};
use crate::queues::keys::{line, player};
use crate::queues::{Queues, Rated, records};
use crate::tx::Tx;

impl Queues {
    pub(super) async fn finish<'c>(
        &'c self,
        tx: Tx<'c>,
        so_far: SoFar<'_, 'c>,
        (id, result): (MatchId, &MatchResult),
        now_ms: i64,
    ) -> Attempt<'c> {
        let mut draft = self.enter_of(tx, id).await?;
        let held = known(draft.match_by(id, now_ms).await?, id)?;
        if let MatchState::Finished { result: first, .. } = &held.of.state {
            if first != result {
                return Err(MatchError::ResultDiffers);
            }
            let same = QueueChanged::Match(Box::new((*held.of).clone()));
            return finished(draft, same);
        }
        held.of.has_to_run()?;
        result.check(held.of.teams.len())?;
        let settings = draft.fetch_for_result(&held.of).await?;
        let of = draft.without_erased(&held.of);
        let (mut ratings, mut boards, mut after) = (Vec::new(), Vec::new(), After::default());
        draft.is_of_deleted = settings.is_none();
        // A queue that was deleted has no ratings, whatever has its name now.
        if let Some(settings) = settings {
            draft.end_backfills(id).await?;
            if let MatchResult::Placements(places) = result {
                ratings = draft.rate(&settings, &of, places, now_ms);
                let shares = settings.shares(&ratings, places);
                let Some(given) = give(&mut draft, so_far, shares, now_ms).await? else {
                    return Ok(None);
                };
                (boards, after) = given;
            }
        }
        let result = result.clone();
        let over = of.turned(MatchState::Finished {
            at_ms: now_ms,
            result,
            ratings,
            boards,
        });
        draft.set_match(held, over.clone());
        let made = finished(draft, QueueChanged::Match(Box::new(over)))?;
        Ok(made.map(|made| Made { after, ..made }))
    }
}

impl Draft<'_> {
    /// Reads what a result is about: the settings of the queue, `None` where it was deleted, the ratings of
    /// the players, and whether they exist.
    async fn fetch_for_result(&mut self, of: &Match) -> Result<Option<QueueSettings>, StoreError> {
        let layout = &self.core().layout;
        let place = self.place;
        let at = line(place.room, &of.queue);
        let ids: Vec<PlayerId> = of.everybody().collect();
        let players = ids.iter().map(|id| player(layout, *id));
        let ratings = || ids.iter().map(|id| place.rating(layout, *id));
        let all = players.chain(ratings()).chain([at.clone()]);
        self.tx.peek(all).await?;
        // Known by now; the commit depends on them from here on.
        self.tx.fetch(ratings()).await?;
        let line = self
            .tx
            .known(&at)
            .and_then(|bytes| records::read_queue(&bytes));
        let line = line.filter(|line| line.number == place.number);
        Ok(line.map(|line| line.settings))
    }

    /// The match without players that were erased while it was announced.
    fn without_erased(&self, of: &Match) -> Match {
        let layout = &self.core().layout;
        let is_gone = |id: &PlayerId| self.tx.known(&player(layout, *id)).is_none();
        let gone = of.everybody().filter(is_gone);
        gone.fold(of.clone(), |of, id| of.erased(id))
    }

    fn rated(&self, player: PlayerId) -> Option<Rated> {
        let at = self.place.rating(&self.core().layout, player);
        Rated::read(&self.tx.known(&at)?)
    }

    fn rate(
        &mut self,
        settings: &QueueSettings,
        of: &Match,
        places: &[u32],
        now_ms: i64,
    ) -> Vec<RatingChange> {
        let before = |player| self.rated(player).map(|rated| rated.rating);
        let changes = of.rated(settings.rating_system, places, before);
        for change in changes.iter().filter(|change| change.is_of_somebody()) {
            self.set_rating(change, now_ms);
        }
        changes
    }

    fn set_rating(&mut self, change: &RatingChange, now_ms: i64) {
        let rated = Rated {
            rating: change.after,
            matches: self.rated(change.player).map_or(0, |r| r.matches) + 1,
            rated_at_ms: now_ms,
        };
        let at = self.place.rating(&self.core().layout, change.player);
        self.tx.set(at, rated.to_bytes());
    }
}

/// Gives players their shares, in the same transaction. `None` where it is to begin anew.
async fn give<'c>(
    draft: &mut Draft<'c>,
    so_far: SoFar<'_, 'c>,
    shares: Vec<Share>,
    now_ms: i64,
) -> Result<Option<(Vec<BoardEffect>, After)>, StoreError> {
    let asked = shares.iter().filter_map(|share| {
        let submission = share.submission.clone()?;
        Some((share.board.clone(), submission))
    });
    let asked: Vec<_> = asked.collect();
    if asked.is_empty() {
        let effects = effects(shares, Vec::new());
        return Ok(Some((effects, After::default())));
    }
    let unused = draft.core().begin();
    let tx = std::mem::replace(&mut draft.tx, unused);
    let SoFar { attempts, tries } = so_far;
    let Some(within) = submit_within(tx, attempts, &asked, now_ms, tries).await? else {
        return Ok(None);
    };
    draft.tx = within.tx;
    let effects = effects(shares, within.outcomes);
    Ok(Some((effects, within.after)))
}

/// What the shares did on the boards, by the outcomes of those that were submitted.
fn effects(shares: Vec<Share>, outcomes: Vec<Result<Outcome, Refusal>>) -> Vec<BoardEffect> {
    let mut outcomes = outcomes.into_iter();
    let effects = shares.into_iter().map(|share| {
        let is_submitted = share.submission.is_some();
        let outcome = is_submitted.then(|| outcomes.next()?.ok()).flatten();
        share.effect(outcome)
    });
    effects.collect()
}
