//! What a result does: to the ratings of those who played, and on boards.
//!
//! Here is what it comes to; who keeps ratings and boards makes it true, together with the match.

use boards::{BoardId, Outcome, PlayerId, Score, Submission};

use crate::queue::{BoardEffect, Match, MatchPlayer, QueueSettings, RatingChange};
use crate::rating::{Rating, RatingSystem};

/// What a player is given on a board.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The board.
    pub board: BoardId,
    /// Whose entry.
    pub player: PlayerId,
    /// What is submitted; `None` where it would be no score.
    pub submission: Option<Submission>,
}

impl Match {
    /// What a result with these places does to the ratings of those who are in the match at its end, in the order
    /// of teams and players. `before` tells the rating that one has by results; who has none begins with that of
    /// the ticket. As long as [`RatingSystem::rate`] takes.
    pub fn rated(
        &self,
        system: RatingSystem,
        places: &[u32],
        before: impl Fn(PlayerId) -> Option<Rating>,
    ) -> Vec<RatingChange> {
        let rating = |p: &MatchPlayer| before(p.player.id).unwrap_or(p.player.rating);
        let mut players = Vec::new();
        let (mut teams, mut ranks) = (Vec::new(), Vec::new());
        for (team, (line, place)) in self.teams.iter().zip(places).enumerate() {
            let there = line.players.iter().filter(|player| !player.left);
            let there: Vec<_> = there.map(|p| (p.player.id, rating(p))).collect();
            // Nothing is to be learnt of a team that all have left.
            if !there.is_empty() {
                teams.push(there.iter().map(|(_, rating)| *rating).collect());
                ranks.push(*place);
                players.extend(there.into_iter().map(|(id, before)| (team, id, before)));
            }
        }
        let after = system.rate(&teams, &ranks).into_iter().flatten();
        let changes = players.into_iter().zip(after);
        let changes = changes.map(|((team, player, before), after)| RatingChange {
            player,
            team,
            before,
            after,
        });
        changes.collect()
    }
}

impl RatingChange {
    /// Whether it is of a player who has not been erased, so that there is a rating to be kept.
    pub fn is_of_somebody(&self) -> bool {
        self.player != PlayerId::NIL
    }
}

impl QueueSettings {
    /// What each player is given on each board for these changes of a result with these places.
    pub fn shares(&self, changes: &[RatingChange], places: &[u32]) -> Vec<Share> {
        let changes = || changes.iter().filter(|change| change.is_of_somebody());
        let feeds = self.boards.iter();
        let pairs = feeds.flat_map(|feed| changes().map(move |change| (feed, change)));
        let shares = pairs.filter_map(|(feed, change)| {
            let (operator, value) = feed.submit.share(places, change.team, &change.after)?;
            let submission = Score::new(value).ok().map(|score| Submission {
                operator: Some(operator),
                ..Submission::new(change.player, score)
            });
            Some(Share {
                board: feed.board.clone(),
                player: change.player,
                submission,
            })
        });
        shares.collect()
    }
}

impl Share {
    /// What it did, by the outcome of its submission; `None` where there was none, or it was refused.
    pub fn effect(self, outcome: Option<Outcome>) -> BoardEffect {
        let taken = outcome.filter(|outcome| outcome.applied);
        BoardEffect {
            board: self.board,
            player: self.player,
            score: taken.map(|outcome| outcome.score),
            rank: taken.and_then(|outcome| outcome.rank),
        }
    }
}

#[cfg(test)]
mod tests {
    use boards::{Operator, SeasonId};

    use super::*;
    use crate::queue::testing::{id, proposed, rules};
    use crate::queue::{BoardFeed, Feed};

    fn mean(mean: f64) -> Rating {
        Rating {
            mean,
            deviation: 100.0,
            volatility: None,
        }
    }

    fn settings(feeds: Vec<Feed>) -> QueueSettings {
        let board = |submit| BoardFeed {
            board: BoardId::global(),
            submit,
        };
        QueueSettings {
            rules: rules(&[1, 2]),
            acceptance_ms: None,
            ticket_ttl_ms: 1000,
            rating_system: RatingSystem::Elo,
            boards: feeds.into_iter().map(board).collect(),
        }
    }

    #[test]
    fn who_has_left_is_not_rated_and_a_team_of_nobody_does_not_play() {
        let held = proposed(&[&[("a", &[1, 2])], &[("b", &[3])], &[("c", &[4])]], 100);
        let mut held = held.erased(id(3));
        held.teams[0].players[0].left = true;
        let known = |player| (player == id(2)).then(|| mean(1800.0));
        let changes = held.rated(RatingSystem::Elo, &[2, 1, 3], known);
        let who: Vec<_> = changes.iter().map(|c| (c.team, c.player)).collect();
        assert_eq!(who, [(0, id(2)), (1, PlayerId::NIL), (2, id(4))]);
        let before: Vec<_> = changes.iter().map(|c| c.before.mean).collect();
        assert_eq!(before, [1800.0, 1500.0, 1500.0]);
        assert!(changes[0].after.mean < 1800.0 && changes[1].after.mean > 1500.0);
        assert!(!changes[1].is_of_somebody() && changes[2].is_of_somebody());

        held.teams[0].players[1].left = true;
        let changes = held.rated(RatingSystem::Elo, &[1, 2, 3], known);
        let teams: Vec<_> = changes.iter().map(|c| c.team).collect();
        assert_eq!(teams, [1, 2]);
    }

    #[test]
    fn a_share_is_a_submission_where_it_is_a_score() {
        let change = |player, team| RatingChange {
            player,
            team,
            before: mean(1500.0),
            after: mean(1510.0),
        };
        let changes = [change(id(1), 0), change(PlayerId::NIL, 1)];
        let points = vec![f64::INFINITY, 1.0];
        let settings = settings(vec![Feed::Rating, Feed::Wins, Feed::Points(points)]);
        let shares = settings.shares(&changes, &[1, 2]);
        assert!(shares.iter().all(|share| share.player == id(1)));
        let given = shares.iter().map(|share| {
            let submission = share.submission.as_ref()?;
            Some((submission.operator?, submission.score.get()))
        });
        let given: Vec<_> = given.collect();
        let (rating, win) = ((Operator::Last, 1510.0), (Operator::Sum, 1.0));
        assert_eq!(given, [Some(rating), Some(win), None]);
    }

    #[test]
    fn an_effect_is_what_was_taken() {
        let outcome = |applied| Outcome {
            score: Score::new(5.0).unwrap(),
            previous_score: None,
            rank: Some(3),
            previous_rank: None,
            total: 7,
            applied,
            season: SeasonId::FIRST,
        };
        let effect = |outcome| {
            let share = Share {
                board: BoardId::global(),
                player: id(1),
                submission: None,
            };
            let effect = share.effect(outcome);
            assert_eq!((effect.board, effect.player), (BoardId::global(), id(1)));
            (effect.score.map(Score::get), effect.rank)
        };
        assert_eq!(effect(Some(outcome(true))), (Some(5.0), Some(3)));
        assert_eq!(effect(Some(outcome(false))), (None, None));
        assert_eq!(effect(None), (None, None));
    }
}
