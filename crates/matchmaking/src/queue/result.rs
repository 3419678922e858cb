//! What a match came to, and what that is worth on boards.

use boards::Operator;

use crate::error::MatchError;
use crate::queue::{Feed, MatchResult};
use crate::rating::Rating;

impl MatchResult {
    /// Whether it is a result of a match of so many teams.
    ///
    /// Places begin at 1. After teams that drew the next place may be the next number (1 1 2) or leave out
    /// as many as drew (1 1 3): games count both ways. Nothing else is left out.
    ///
    /// # Errors
    /// [`MatchError::BadResult`].
    pub fn check(&self, teams: usize) -> Result<(), MatchError> {
        let MatchResult::Placements(places) = self else {
            return Ok(());
        };
        if places.len() != teams {
            let reason = "the placements must be one for each team";
            return Err(MatchError::BadResult(reason));
        }
        let mut sorted: Vec<usize> = places.iter().map(|p| *p as usize).collect();
        sorted.sort_unstable();
        let mut before = 0;
        for (better, place) in sorted.into_iter().enumerate() {
            let tie = better > 0 && place == before;
            if !tie && place != before + 1 && (better == 0 || place != better + 1) {
                let reason =
                    "the placements must begin at 1, and leave out numbers after ties alone";
                return Err(MatchError::BadResult(reason));
            }
            before = place;
        }
        Ok(())
    }
}

impl Feed {
    /// What a player of a team is given on a board, and how; `None`: nothing. `places` are those of a
    /// result that is one, `after` is the player's new rating.
    pub(super) fn share(
        &self,
        places: &[u32],
        team: usize,
        after: &Rating,
    ) -> Option<(Operator, f64)> {
        let place = *places.get(team)?;
        match self {
            Feed::Rating => Some((Operator::Last, after.mean)),
            Feed::CautiousRating => {
                let lower_bound = after.mean - 3.0 * after.deviation;
                Some((Operator::Last, lower_bound))
            }
            Feed::Wins => {
                let firsts = places.iter().filter(|place| **place == 1).count();
                (place == 1 && firsts == 1).then_some((Operator::Sum, 1.0))
            }
            Feed::Points(points) => {
                let points = points.get((place as usize).checked_sub(1)?)?;
                Some((Operator::Sum, *points))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_whole_and_have_no_gap_that_no_tie_explains() {
        let check = |places: &[u32]| MatchResult::Placements(places.to_vec()).check(places.len());
        for good in [
            &[1_u32][..],
            &[1, 2],
            &[2, 1],
            &[1, 1],
            &[3, 1, 2],
            &[1, 1, 2],
            &[1, 3, 1],
            &[1, 2, 2, 4],
            &[1, 2, 2, 3],
            &[1, 1, 1, 4, 5],
        ] {
            assert!(check(good).is_ok(), "{good:?}");
        }
        for bad in [
            &[0_u32, 1][..],
            &[2, 2],
            &[1, 3],
            &[1, 1, 4],
            &[1, 2, 4],
            &[1, 1, 2, 5],
            &[1, u32::MAX],
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(MatchResult::Placements(vec![1]).check(2).is_err());
        assert!(MatchResult::Abandoned.check(2).is_ok());
    }

    #[test]
    fn boards_get_what_their_feed_says() {
        let rating = Rating {
            mean: 1600.0,
            deviation: 50.0,
            volatility: None,
        };
        let share = |feed: &Feed, places: &[u32], team| feed.share(places, team, &rating);
        let last = |value| Some((Operator::Last, value));
        let sum = |value| Some((Operator::Sum, value));
        assert_eq!(share(&Feed::Rating, &[2, 1], 0), last(1600.0));
        assert_eq!(share(&Feed::CautiousRating, &[2, 1], 0), last(1450.0));
        assert_eq!(share(&Feed::Wins, &[2, 1], 1), sum(1.0));
        assert_eq!(share(&Feed::Wins, &[2, 1], 0), None);
        assert_eq!(share(&Feed::Wins, &[1, 1], 0), None, "a draw is no win");
        let points = Feed::Points(vec![3.0, 0.5]);
        assert_eq!(share(&points, &[1, 2, 3], 0), sum(3.0));
        assert_eq!(share(&points, &[1, 2, 3], 1), sum(0.5));
        assert_eq!(share(&points, &[1, 2, 3], 2), None);
    }
}
