//! The result of a match: the match, ratings, histories and boards change together, once and for all.
//!
//! It is about several rooms, and so are others at the same time: the queue's line is read without the commit
//! depending on it, as that would lock it for all. A result that meets the end of its queue is as one before.

use boards::{BoardId, Outcome, PlayerId, Refusal, Score, StoreError, Submission};
use matchmaking::{
    BoardEffect, Match, MatchError, MatchId, MatchPlayer, MatchResult, MatchState, QueueChanged,
    QueueSettings, Rating, RatingChange,
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
                let shares = shares(&settings, &ratings, places);
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
        let ids: Vec<PlayerId> = rated_players(of).collect();
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

/// What each player is given on each board; no submission where it is no score.
fn shares(
    settings: &QueueSettings,
    changes: &[RatingChange],
    places: &[u32],
) -> Vec<(BoardId, PlayerId, Option<Submission>)> {
    let changes = || changes.iter().filter(|change| is_somebody(change.player));
    let pairs = settings
        .boards
        .iter()
        .flat_map(|feed| changes().map(move |c| (feed, c)));
    let shares = pairs.filter_map(|(feed, change)| {
        let (operator, value) = feed.submit.share(places, change.team, &change.after)?;
        let submission = Score::new(value).ok().map(|score| Submission {
            operator: Some(operator),
            ..Submission::new(change.player, score)
        });
        Some((feed.board.clone(), change.player, submission))
    });
    shares.collect()
}

/// Gives them, in the same transaction. `None` where it is to begin anew.
async fn give<'c>(
    draft: &mut Draft<'c>,
    so_far: SoFar<'_, 'c>,
    shares: Vec<(BoardId, PlayerId, Option<Submission>)>,
    now_ms: i64,
) -> Result<Option<(Vec<BoardEffect>, After)>, StoreError> {
    let asked = shares.iter().filter_map(|(board, _, submission)| {
        let submission = submission.clone()?;
        Some((board.clone(), submission))
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
fn effects(
    shares: Vec<(BoardId, PlayerId, Option<Submission>)>,
    outcomes: Vec<Result<Outcome, Refusal>>,
) -> Vec<BoardEffect> {
    let mut outcomes = outcomes.into_iter();
    let effects = shares.into_iter().map(|(board, player, submission)| {
        let outcome = submission.and_then(|_| outcomes.next()?.ok());
        let taken = outcome.filter(|outcome| outcome.applied);
        BoardEffect {
            board,
            player,
            score: taken.as_ref().map(|outcome| outcome.score),
            rank: taken.and_then(|outcome| outcome.rank),
        }
    });
    effects.collect()
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
