//! The result of a match: the match, ratings, histories and boards change together, once and for all.
//!
//! It is about several rooms, and so are others at the same time: the queue's line is read without the commit
//! depending on it, as that would lock it for all. A result that meets the end of its queue is as one before.

use boards::{PlayerId, StoreError};
use matchmaking::{
    BoardEffect, Match, MatchError, MatchId, MatchPlayer, MatchResult, MatchState, QueueChanged,
    QueueSettings, Rating, RatingChange,
};

use super::{Attempt, finished};
use crate::queues::draft::{Draft, known};
use crate::queues::keys::{line, player};
use crate::queues::{Queues, Rated, records};
use crate::tx::Tx;

impl Queues {
    pub(super) async fn finish<'c>(
        &'c self,
        tx: Tx<'c>,
        id: MatchId,
        result: &MatchResult,
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
        let (mut ratings, mut boards) = (Vec::new(), Vec::new());
        // A queue that was deleted has no ratings, whatever has its name now.
        if let Some(settings) = settings {
            if let MatchResult::Placements(places) = result {
                ratings = draft.rate(&settings, &of, places, now_ms);
                boards = Vec::new();
            }
            draft.end_backfills(id).await?;
        }
        let result = result.clone();
        let after = of.turned(MatchState::Finished {
            at_ms: now_ms,
            result,
            ratings,
            boards,
        });
        draft.set_match(held, after.clone());
        finished(draft, QueueChanged::Match(Box::new(after)))
    }
}

impl Draft<'_> {
    /// Reads what a result is about: the settings of the queue, `None` where it was deleted, the ratings of
    /// the players, and whether they exist.
    async fn fetch_for_result(&mut self, of: &Match) -> Result<Option<QueueSettings>, StoreError> {
        let layout = &self.core().layout;
        let place = self.place;
        let at = line(place.room, &of.queue);
        let ids: Vec<PlayerId> = rated_players(of).collect();
        let players = ids.iter().map(|id| player(layout, *id));
        self.tx.peek(players.chain([at.clone()])).await?;
        self.tx.fetch(ids.iter().map(|id| place.rating(layout, *id))).await?;
        let line = self.tx.known(&at).and_then(|bytes| records::read_queue(&bytes));
        let line = line.filter(|line| line.number == place.number);
        Ok(line.map(|line| line.settings))
    }

    /// The match without players that were erased while it was announced.
    fn without_erased(&self, of: &Match) -> Match {
        let layout = &self.core().layout;
        let is_gone = |id: &PlayerId| self.tx.known(&player(layout, *id)).is_none();
        let gone = rated_players(of).filter(is_gone);
        gone.fold(of.clone(), |of, id| of.erased(id))
    }

    fn rated(&self, player: PlayerId) -> Option<Rated> {
        let at = self.place.rating(&self.core().layout, player);
        records::read_rating(&self.tx.known(&at)?)
    }

    /// Rates those who are in the match at its end. Who has no rating by results yet begins with that of the
    /// ticket.
    fn rate(
        &mut self,
        settings: &QueueSettings,
        of: &Match,
        places: &[u32],
        now_ms: i64,
    ) -> Vec<RatingChange> {
        let mut players = Vec::new();
        let (mut teams, mut ranks) = (Vec::new(), Vec::new());
        for (team, (line, place)) in of.teams.iter().zip(places).enumerate() {
            let there = line.players.iter().filter(|player| !player.left);
            let there: Vec<_> = there.map(|p| (p.player.id, self.before(p))).collect();
            // Nothing is to be learnt of a team that all have left.
            if !there.is_empty() {
                teams.push(there.iter().map(|(_, rating)| *rating).collect());
                ranks.push(*place);
                players.extend(there.into_iter().map(|(id, before)| (team, id, before)));
            }
        }
        let after = settings.rating_system.rate(&teams, &ranks);
        let changes = players.into_iter().zip(after.into_iter().flatten());
        let changes = changes.map(|((team, player, before), after)| RatingChange {
            player,
            team,
            before,
            after,
        });
        let changes: Vec<_> = changes.collect();
        for change in changes.iter().filter(|change| is_somebody(change.player)) {
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
        self.tx.set(at, records::rating(&rated));
    }

    fn before(&self, player: &MatchPlayer) -> Rating {
        let rated = self.rated(player.player.id);
        rated.map_or(player.player.rating, |rated| rated.rating)
    }
}

fn is_somebody(id: PlayerId) -> bool {
    id != PlayerId::NIL
}

/// All who are or were in it and have not been erased.
fn rated_players(of: &Match) -> impl Iterator<Item = PlayerId> {
    let players = of.teams.iter().flat_map(|team| &team.players);
    let ids = players.map(|p| p.player.id);
    ids.filter(|id| is_somebody(*id))
}
