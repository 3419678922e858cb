//! The rules said plainly, at the price of looking at the clock every minute, and held against what
//! is searched: in all zones, most often where a clock is set.

use jiff::tz::TimeZoneDatabase;
use proptest::prelude::*;

use super::*;

const CRONS: [&str; 12] = [
    "* * * * *",
    "0 * * * *",
    "*/7 * * * MON",
    "30 * 25-31 3,10 *",
    "0 0 * * *",
    "30 2 * * *",
    "15,45 1-3 * * *",
    "0 */2 * * *",
    "* 2 * * *",
    "30 23 * * SAT",
    "0 0 1 * SUN",
    "59 23 28-31 * *",
];

/// The instants of the schedule after `after_ms` and up to `at_ms`.
fn model(schedule: &Schedule, after_ms: i64, at_ms: i64) -> Vec<i64> {
    let wall = |ms| {
        schedule
            .zone
            .to_datetime(Timestamp::from_millisecond(ms).unwrap())
    };
    let matches = |wall: DateTime| schedule.pattern.is_time_matching(&wall).unwrap();
    // Long enough before, so that a clock set back has caught up.
    let start = (after_ms - 2 * DAY_MS).div_euclid(MINUTE_MS) * MINUTE_MS;
    let mut shown = wall(start);
    let mut found = Vec::new();
    for at in (start..=at_ms).step_by(MINUTE_MS as usize).skip(1) {
        let now = wall(at);
        let mut comes = schedule.every_hour && matches(now);
        while shown < now {
            shown = shown.checked_add(SignedDuration::from_mins(1)).unwrap();
            comes |= !schedule.every_hour && matches(shown);
        }
        if comes && at > after_ms {
            found.push(at);
        }
    }
    found
}

/// The next change of the zone's clock, if it has one to come and `at_change` asks for it.
fn some_time(zone: &TimeZone, second: i64, at_change: bool) -> i64 {
    let time = Timestamp::from_second(second).unwrap();
    let change = zone.following(time).next().map(|c| c.timestamp());
    let chosen = change.filter(|_| at_change).unwrap_or(time);
    chosen.as_millisecond()
}

fn any_zone() -> impl Strategy<Value = String> {
    let names = TimeZoneDatabase::bundled();
    let names: Vec<String> = names.available().map(|n| n.to_string()).collect();
    prop_oneof![
        prop::sample::select(ZONES.to_vec()).prop_map(str::to_owned),
        prop::sample::select(names),
    ]
}

proptest! {
    #[test]
    fn agrees_with_a_clock_looked_at_minute_by_minute(
        cron in prop::sample::select(CRONS.to_vec()),
        zone in any_zone(),
        // From 1973, since when all clocks are set by whole minutes, to 2100.
        second in 94_694_400_i64..4_102_444_800,
        at_change in prop::bool::weighted(0.8),
        before_ms in 0..30 * HOUR_MS,
        length_ms in 0..60 * HOUR_MS,
    ) {
        let schedule = schedule(cron, &zone);
        let after = some_time(&schedule.zone, second, at_change) - before_ms;
        let at = after + length_ms;
        let one_by_one: Vec<i64> = all_after(&schedule, after).take_while(|t| *t <= at).collect();
        prop_assert_eq!(&one_by_one, &model(&schedule, after, at));
        prop_assert_eq!(schedule.last_between(after, at), one_by_one.last().copied());
    }

    #[test]
    fn the_next_instant_is_later_and_the_last_one_before_it_is_not(
        cron in prop::sample::select(CRONS.to_vec()),
        zone in any_zone(),
        time in 0_i64..16_000_000_000_000,
    ) {
        let schedule = schedule(cron, &zone);
        let next = schedule.next_after(time).unwrap();
        prop_assert!(next > time);
        prop_assert_eq!(schedule.last_between(time, next), Some(next));
        prop_assert_eq!(schedule.last_between(time, next - 1), None);
    }
}
