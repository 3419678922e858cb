//! When a season ends by its board's schedule.
//!
//! A schedule counts from when it was set. A board that has run for long and gets one, or another, plays on until
//! the first instant after that: the instants before it, which a schedule of always would have had, nobody could
//! know of, and ending the season as of one of them would throw away what was played since. With the next season
//! this is over, and the schedule counts from its start.
//!
//! Absent on purpose: the clock, and ending a season, which stores do.

use crate::board::Season;
use crate::settings::BoardSettings;

impl BoardSettings {
    /// When the schedule of a board was set that gets these settings at `now_ms` in the place of `old`, whose
    /// schedule was set at `old_set_at_ms`: one that stays as it is keeps its instant. In milliseconds since the
    /// Unix epoch; `None` where there is no schedule, or it counts from the season's start.
    pub fn reset_set_at(
        &self,
        now_ms: i64,
        old: &BoardSettings,
        old_set_at_ms: Option<i64>,
    ) -> Option<i64> {
        if self.reset == old.reset {
            return old_set_at_ms;
        }
        self.reset.as_ref().map(|_| now_ms)
    }

    /// When a season ends by a schedule that was set at `set_at_ms`, or before the season: the first instant of
    /// the schedule after both. `None` where it does not.
    pub fn end_of(&self, season: Season, set_at_ms: Option<i64>) -> Option<i64> {
        let reset = self.reset.as_ref()?;
        reset.next_after(counts_from(season, set_at_ms))
    }

    /// The last instant until `now_ms` at which such a season ought to have ended. Of several that were missed the
    /// earlier ones would have begun seasons that nobody could have played in.
    pub fn missed_end_of(
        &self,
        season: Season,
        set_at_ms: Option<i64>,
        now_ms: i64,
    ) -> Option<i64> {
        let reset = self.reset.as_ref()?;
        reset.last_between(counts_from(season, set_at_ms), now_ms)
    }
}

fn counts_from(season: Season, set_at_ms: Option<i64>) -> i64 {
    let started_at_ms = season.started_at_ms;
    set_at_ms.map_or(started_at_ms, |set_at_ms| set_at_ms.max(started_at_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Schedule, SeasonId};

    const HOUR_MS: i64 = 60 * 60 * 1000;

    fn settings(cron: Option<&str>) -> BoardSettings {
        BoardSettings {
            reset: cron.map(|cron| Schedule::parse(cron, "UTC").unwrap()),
            ..BoardSettings::default()
        }
    }

    fn season(started_at_ms: i64) -> Season {
        Season {
            season: SeasonId(1),
            started_at_ms,
            ended_at_ms: None,
        }
    }

    #[test]
    fn a_schedule_counts_from_when_it_was_set() {
        let hourly = settings(Some("0 * * * *"));
        let since_long = season(HOUR_MS / 2);
        assert_eq!(hourly.end_of(since_long, None), Some(HOUR_MS));
        let set_at_ms = Some(5 * HOUR_MS + 1);
        assert_eq!(hourly.end_of(since_long, set_at_ms), Some(6 * HOUR_MS));
        let missed = |now_ms| hourly.missed_end_of(since_long, set_at_ms, now_ms);
        assert_eq!(missed(6 * HOUR_MS - 1), None);
        assert_eq!(missed(9 * HOUR_MS + 7), Some(9 * HOUR_MS));
        // An instant of the schedule at which it is set is none of its ends.
        assert_eq!(
            hourly.end_of(since_long, Some(5 * HOUR_MS)),
            Some(6 * HOUR_MS)
        );
        // One that was set before the season counts from the season's start.
        assert_eq!(
            hourly.end_of(season(8 * HOUR_MS), set_at_ms),
            Some(9 * HOUR_MS)
        );
        assert_eq!(settings(None).end_of(since_long, set_at_ms), None);
        assert_eq!(
            settings(None).missed_end_of(since_long, None, i64::MAX),
            None
        );
    }

    #[test]
    fn a_schedule_that_stays_keeps_its_instant() {
        let (none, hourly, daily) = (
            settings(None),
            settings(Some("0 * * * *")),
            settings(Some("0 0 * * *")),
        );
        assert_eq!(hourly.reset_set_at(7, &none, None), Some(7));
        assert_eq!(daily.reset_set_at(7, &hourly, Some(3)), Some(7));
        assert_eq!(hourly.reset_set_at(7, &hourly, Some(3)), Some(3));
        assert_eq!(hourly.reset_set_at(7, &hourly, None), None);
        assert_eq!(none.reset_set_at(7, &hourly, Some(3)), None);
    }
}
