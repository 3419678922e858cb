//! When a board begins a new season: a cron expression in a time zone.
//!
//! Croner reads the expression and searches the calendar of wall-clock times; jiff says when a
//! zone's clock shows them, from the time zone database that is built in, never from the
//! machine's. What happens where a clock is set forward or back is decided here, because croner
//! takes only an expression with a single hour and minute for a fixed time of day: others would be
//! reset twice or not at all on such a day, and it loses a weekly reset where the skipped hour is
//! the last of its day.
//!
//! An expression that leaves out hours of the day, such as a daily or weekly one, follows the
//! clock: each time that it names comes once, at the first instant at which the clock shows that
//! time or a later one. Skipped times therefore come at the instant of the change, all as one, and
//! of a time shown twice the first counts. An expression with all 24 hours follows the hours that
//! pass: skipped times are left out and times shown twice come twice.
//!
//! Absent on purpose: the clock, waiting for an instant, seconds and years, and what crontab(5)
//! does not know (`L`, `W`, `#`, `?`).

mod parse;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use croner::Cron;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use parse::ScheduleError;

const HOURS_OF_A_DAY: usize = 24;
const SECOND: SignedDuration = SignedDuration::from_secs(1);
/// More than any clock was ever set by, and more than any differs from UTC.
const LARGEST_CHANGE: SignedDuration = SignedDuration::from_hours(48);

/// The years 1970 to 4999, in UTC: croner does not search beyond.
const CALENDAR: Range<Timestamp> = Timestamp::UNIX_EPOCH..Timestamp::constant(95_617_584_000, 0);

/// A cron expression with a time zone: the instants at which a board begins a new season.
///
/// On a day on which the zone's clock is set, each time of day that the expression names still comes
/// exactly once: a skipped one at the instant of the change, one that is shown twice the first time.
/// Only an expression with all 24 hours, such as `0 * * * *`, comes once for each hour that passes.
///
/// Two schedules are equal if their texts are. Serialized as
/// `{"cron": "0 0 * * 1", "time_zone": "Europe/Istanbul"}`, and checked when read.
#[derive(Clone)]
pub struct Schedule {
    texts: Texts,
    // Some kilobytes, which clones share.
    pattern: Arc<Cron>,
    zone: TimeZone,
    every_hour: bool,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Texts {
    cron: String,
    time_zone: String,
}

impl Schedule {
    /// Reads a schedule from its two texts.
    ///
    /// `cron` has the five fields of crontab(5): minute, hour, day of month, month, day of week,
    /// with names for months and weekdays in any case; or it is one of `@hourly`, `@daily`,
    /// `@weekly`, `@monthly` and `@yearly`. As in crontab, a day has to match either the day of
    /// month or the day of week where both are restricted, and both where one begins with `*`.
    ///
    /// `time_zone` is an IANA name such as `Europe/Istanbul`, in any case, or `UTC`.
    ///
    /// # Errors
    /// [`ScheduleError`] where one of the texts is not that, is longer than 256 bytes, or the
    /// expression never comes.
    pub fn parse(cron: &str, time_zone: &str) -> Result<Self, ScheduleError> {
        let pattern = parse::cron(cron)?;
        let texts = Texts {
            cron: cron.to_owned(),
            time_zone: time_zone.to_owned(),
        };
        Ok(Schedule {
            texts,
            zone: parse::time_zone(time_zone)?,
            every_hour: pattern.pattern.hours.values().len() == HOURS_OF_A_DAY,
            pattern: Arc::new(pattern),
        })
    }

    /// The cron expression as it was given.
    pub fn cron(&self) -> &str {
        &self.texts.cron
    }

    /// The name of the time zone as it was given.
    pub fn time_zone(&self) -> &str {
        &self.texts.time_zone
    }

    /// The first instant of the schedule strictly after `after_ms`, both in milliseconds since the
    /// Unix epoch.
    ///
    /// `None` where one of the two would lie outside the years 1970 to 4999.
    pub fn next_after(&self, after_ms: i64) -> Option<i64> {
        let after = instant(after_ms)?;
        let next = if self.every_hour {
            self.next_by_hours(after)
        } else {
            self.next_by_clock(after)
        };
        next.filter(|next| CALENDAR.contains(next))
            .map(Timestamp::as_millisecond)
    }

    /// The last instant of the schedule at or before `at_ms` and strictly after `after_ms`, all in
    /// milliseconds since the Unix epoch: what a server that was down from `after_ms` to `at_ms`
    /// has missed. It takes no longer for a long time than for a short one.
    ///
    /// `None` where nothing was missed, or an argument lies outside the years 1970 to 4999.
    pub fn last_between(&self, after_ms: i64, at_ms: i64) -> Option<i64> {
        let (after, at) = (instant(after_ms)?, instant(at_ms)?);
        let last = if self.every_hour {
            self.last_by_hours(at)
        } else {
            self.last_by_clock(at)
        };
        last.filter(|last| *last > after)
            .map(Timestamp::as_millisecond)
    }

    fn next_by_clock(&self, after: Timestamp) -> Option<Timestamp> {
        let mut wall = self.zone.to_datetime(after);
        // More than one round only while the clock repeats what it has shown before.
        loop {
            wall = self.next_wall(wall, false)?;
            let next = self.first_showing(wall)?;
            if next > after {
                return Some(next);
            }
        }
    }

    fn last_by_clock(&self, at: Timestamp) -> Option<Timestamp> {
        let wall = self.last_wall(self.latest_shown(at)?)?;
        self.first_showing(wall)
    }

    /// The first instant at which the clock shows `wall` or a later time.
    ///
    /// Not by jiff's `to_ambiguous_timestamp`, which at the last change before a zone's present
    /// rule may go by the rule already, as in America/Nuuk on 2023-10-28.
    fn first_showing(&self, wall: DateTime) -> Option<Timestamp> {
        let in_utc = Offset::UTC.to_timestamp(wall).ok()?;
        let mut from = in_utc.checked_sub(LARGEST_CHANGE).ok()?;
        loop {
            let shown = self.zone.to_offset(from).to_timestamp(wall).ok()?.max(from);
            match self.next_change(from) {
                Some(change) if change <= shown => from = change,
                _ => return Some(shown),
            }
        }
    }

    /// The latest time that the clock has shown up to `at`: more than it shows at `at` if it was
    /// set back a short time ago.
    fn latest_shown(&self, at: Timestamp) -> Option<DateTime> {
        let recently = at.checked_sub(LARGEST_CHANGE).ok()?;
        let before = self
            .changes(recently, at)
            .filter_map(|change| change.checked_sub(SECOND).ok());
        let shown = before.map(|instant| self.zone.to_datetime(instant));
        Some(shown.fold(self.zone.to_datetime(at), DateTime::max))
    }

    /// Between two changes of the clock its offset stays the same, so each such span is searched
    /// by itself.
    fn next_by_hours(&self, after: Timestamp) -> Option<Timestamp> {
        let (mut from, mut inclusive) = (after, false);
        loop {
            let offset = self.zone.to_offset(from);
            let wall = self.next_wall(offset.to_datetime(from), inclusive)?;
            let next = offset.to_timestamp(wall).ok()?;
            match self.next_change(from) {
                Some(change) if change <= next => (from, inclusive) = (change, true),
                _ => return Some(next),
            }
        }
    }

    /// As [`Self::next_by_hours`], backwards.
    fn last_by_hours(&self, at: Timestamp) -> Option<Timestamp> {
        let mut from = at;
        loop {
            let offset = self.zone.to_offset(from);
            let wall = self.last_wall(offset.to_datetime(from))?;
            let last = offset.to_timestamp(wall).ok()?;
            match self.changes(last, from).last() {
                Some(change) => from = change.checked_sub(SECOND).ok()?,
                None => return Some(last),
            }
        }
    }

    fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        self.zone.following(after).next().map(|c| c.timestamp())
    }

    /// The changes of the zone's clock after `after` and up to `until`, the earliest first.
    ///
    /// Not by jiff's `preceding`, which misses the last change before a zone's present rule where
    /// that change is not one of the rule's own, as in America/Metlakatla on 2019-01-20.
    fn changes(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let changes = self.zone.following(after).map(|c| c.timestamp());
        changes.take_while(move |change| *change <= until)
    }

    fn next_wall(&self, from: DateTime, inclusive: bool) -> Option<DateTime> {
        self.pattern.find_next_occurrence(&from, inclusive).ok()
    }

    fn last_wall(&self, until: DateTime) -> Option<DateTime> {
        self.pattern.find_previous_occurrence(&until, true).ok()
    }
}

fn instant(ms: i64) -> Option<Timestamp> {
    let instant = Timestamp::from_millisecond(ms).ok()?;
    CALENDAR.contains(&instant).then_some(instant)
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({:?} in {})", self.cron(), self.time_zone())
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Eq for Schedule {}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.texts.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Texts::deserialize(deserializer)?;
        Schedule::parse(&texts.cron, &texts.time_zone)
            .map_err(|e| serde::de::Error::custom(format_args!("{} {e}", e.field())))
    }
}

#[cfg(test)]
mod tests;
