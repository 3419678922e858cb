//! The result of a match: the match, ratings, histories and boards change in one batch, once and for all.

use boards::{BoardId, PlayerId, Score, Submission};
use matchmaking::{
    BoardEffect, Match, MatchError, MatchId, MatchPlayer, MatchResult, MatchState, QueueChanged,
    Rating, RatingChange,
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
                boards = self.feed(queue, &ratings, places);
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

    /// Rates those who are in the match at its end. Who has no rating by results yet begins with that of
    /// the ticket.
    fn rate(
        &mut self,
        queue: &Queue,
        of: &Match,
        places: &[u32],
        now_ms: i64,
    ) -> Vec<RatingChange> {
        let mut players = Vec::new();
        let (mut teams, mut ranks) = (Vec::new(), Vec::new());
        for (team, (line, place)) in of.teams.iter().zip(places).enumerate() {
            let there = line.players.iter().filter(|player| !player.left);
            let there: Vec<_> = there
                .map(|p| (p.player.id, self.before(queue, p)))
                .collect();
            // Nothing is to be learnt of a team that all have left.
            if !there.is_empty() {
                teams.push(there.iter().map(|(_, rating)| *rating).collect());
                ranks.push(*place);
                players.extend(there.into_iter().map(|(id, before)| (team, id, before)));
            }
        }
        let after = queue.settings.rating_system.rate(&teams, &ranks);
        let changes = players.into_iter().zip(after.into_iter().flatten());
        let changes = changes.map(|((team, player, before), after)| RatingChange {
            player,
            team,
            before,
            after,
        });
        let changes: Vec<_> = changes.collect();
        for change in changes
            .iter()
            .filter(|change| change.player != PlayerId::NIL)
        {
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

    fn before(&self, queue: &Queue, player: &MatchPlayer) -> Rating {
        let rated = self.rated(queue, player.player.id);
        rated.map_or(player.player.rating, |rated| rated.rating)
    }

    fn feed(
        &mut self,
        queue: &Queue,
        changes: &[RatingChange],
        places: &[u32],
    ) -> Vec<BoardEffect> {
        let mut effects = Vec::new();
        for feed in &queue.settings.boards {
            for change in changes
                .iter()
                .filter(|change| change.player != PlayerId::NIL)
            {
                let share = feed.submit.share(places, change.team, &change.after);
                if let Some((operator, value)) = share {
                    let submission = Score::new(value).ok().map(|score| Submission {
                        operator: Some(operator),
                        ..Submission::new(change.player, score)
                    });
                    effects.push(self.give(&feed.board, change.player, submission));
                }
            }
        }
        effects
    }

    fn give(
        &mut self,
        board: &BoardId,
        player: PlayerId,
        submission: Option<Submission>,
    ) -> BoardEffect {
        let outcome = submission.and_then(|submission| self.submit(board, submission).ok());
        let taken = outcome.filter(|outcome| outcome.applied);
        BoardEffect {
            board: board.clone(),
            player,
            score: taken.map(|outcome| outcome.score),
            rank: taken.and_then(|outcome| outcome.rank),
        }
    }
}
