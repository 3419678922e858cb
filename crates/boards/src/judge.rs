//! What a submission comes to, by the board's settings and the score before it.

use crate::board::Operator;
use crate::entry::Submission;
use crate::error::Refusal;
use crate::score::Score;
use crate::settings::BoardSettings;

/// What a submission comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The score that the entry has then.
    pub score: Score,
    /// Whether the entry is of this submission then; not where it is as good already.
    pub applied: bool,
}

impl BoardSettings {
    /// What a submission comes to where the player's score was `previous`.
    ///
    /// # Errors
    /// [`Refusal::ScoreChanged`] where another score was expected; [`Refusal::ScoreOverflow`];
    /// [`Refusal::ScoreOutOfBounds`], which only a score can be that is applied.
    pub fn judge(
        &self,
        previous: Option<Score>,
        submission: &Submission,
    ) -> Result<Judged, Refusal> {
        if submission.if_score.is_some_and(|score| score != previous) {
            return Err(Refusal::ScoreChanged(previous));
        }
        let operator = submission.operator.unwrap_or(self.operator);
        let score = self.apply(operator, previous, submission.score);
        let score = score.ok_or(Refusal::ScoreOverflow)?;
        let applied = operator != Operator::Best || previous != Some(score);
        if applied && !self.allows(score) {
            return Err(Refusal::ScoreOutOfBounds(score));
        }
        Ok(Judged { score, applied })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::player::PlayerId;

    fn score(value: f64) -> Score {
        Score::new(value).unwrap()
    }

    fn submission(value: f64) -> Submission {
        Submission::new(PlayerId::from_bytes([1; 16]), score(value))
    }

    #[test]
    fn an_entry_that_is_as_good_stays_as_it_is() {
        let settings = BoardSettings::default();
        let judged = |previous: f64, submitted| {
            let judged = settings.judge(Some(score(previous)), &submission(submitted));
            let judged = judged.unwrap();
            (judged.score.get(), judged.applied)
        };
        assert_eq!(judged(3.0, 3.0), (3.0, false));
        assert_eq!(judged(3.0, 2.0), (3.0, false));
        assert_eq!(judged(3.0, 4.0), (4.0, true));
    }

    #[test]
    fn what_is_refused_says_why() {
        let settings = BoardSettings {
            max_score: Some(score(5.0)),
            ..BoardSettings::global()
        };
        let refused = |previous: Option<f64>, submission: Submission| {
            settings
                .judge(previous.map(score), &submission)
                .unwrap_err()
        };
        let expecting = Submission {
            if_score: Some(None),
            ..submission(9.0)
        };
        assert_eq!(
            refused(Some(1.0), expecting),
            Refusal::ScoreChanged(Some(score(1.0)))
        );
        assert_eq!(
            refused(Some(1.0), submission(4.5)),
            Refusal::ScoreOutOfBounds(score(5.5))
        );
        assert_eq!(
            refused(Some(f64::MAX), submission(f64::MAX)),
            Refusal::ScoreOverflow
        );
    }

    #[test]
    fn bounds_do_not_matter_to_what_is_not_applied() {
        let settings = BoardSettings {
            min_score: Some(score(5.0)),
            ..BoardSettings::default()
        };
        let judged = settings.judge(Some(score(7.0)), &submission(1.0));
        assert!(!judged.unwrap().applied);
    }
}
