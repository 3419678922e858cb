//! The result of a match: the match, ratings, histories and boards change in one batch, once and for all.

use boards::PlayerId;
use matchmaking::{
    BoardEffect, Match, MatchError, MatchId, MatchResult, MatchState, QueueChanged, RatingChange,
    Share,
};

use super::Stage;
use crate::queues::{Queue, Rated};

impl Stage<'_> {
    pub(super) fn finish_match(
        &mut self,
        id: MatchId,
        result: MatchResult,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let line = self.match_by(id, now_ms)?;
        if let MatchState::Finished { result: first, .. } = &line.of.state {
            if *first != result {
                return Err(MatchError::ResultDiffers);
            }
            return Ok(QueueChanged::Match(Box::new((*line.of).clone())));
        }
        line.of.has_to_run()?;
        result.check(line.of.teams.len())?;
        let mut ratings = Vec::new();
        let mut boards = Vec::new();
        // A queue that was deleted has no ratings, whatever has its name now.
        if let Some(queue) = self.state.queues.all.get(&line.queue) {
            if let MatchResult::Placements(places) = &result {
                ratings = self.rate(queue, &line.of, places, now_ms);
                let shares = queue.settings.shares(&ratings, places).into_iter();
                boards = shares.map(|share| self.give(share)).collect();
            }
            self.end_backfills(queue, id);
        }
        let finished = line.of.turned(MatchState::Finished {
            at_ms: now_ms,
            result,
            ratings,
            boards,
        });
        self.set_match(line, finished.clone());
        Ok(QueueChanged::Match(Box::new(finished)))
    }

    pub(super) fn rated(&self, queue: &Queue, player: PlayerId) -> Option<Rated> {
        let changed = self.queues.ratings.get(&(queue.number, player));
        match changed {
            Some(rated) => *rated,
            None => queue.ratings.get(&player).copied(),
        }
    }

    fn rate(
        &mut self,
        queue: &Queue,
        of: &Match,
        places: &[u32],
        now_ms: i64,
    ) -> Vec<RatingChange> {
        let before = |player| self.rated(queue, player).map(|rated| rated.rating);
        let changes = of.rated(queue.settings.rating_system, places, before);
        for change in changes.iter().filter(|change| change.is_of_somebody()) {
            let rated = Rated {
                rating: change.after,
                matches: self.rated(queue, change.player).map_or(0, |r| r.matches) + 1,
                rated_at_ms: now_ms,
            };
            let key = (queue.number, change.player);
            self.queues.ratings.set(key, Some(rated));
        }
        changes
    }

    fn give(&mut self, share: Share) -> BoardEffect {
        let submission = share.submission.clone();
        let outcome = submission.and_then(|given| self.submit(&share.board, given).ok());
        share.effect(outcome)
    }
}
