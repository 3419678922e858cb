//! The rules by example. That they hold everywhere is tested against a plain model.

mod model;

use std::iter;

use super::*;

const BERLIN: &str = "Europe/Berlin";

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

fn schedule(cron: &str, time_zone: &str) -> Schedule {
    Schedule::parse(cron, time_zone).unwrap()
}

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// What the clock of the zone shows, with its offset, which tells repeated times apart.
fn local(schedule: &Schedule, ms: i64) -> String {
    let instant = Timestamp::from_millisecond(ms).unwrap();
    let zoned = instant.to_zoned(schedule.zone.clone());
    zoned.strftime("%F %R %:z").to_string()
}

fn all_after(schedule: &Schedule, after_ms: i64) -> impl Iterator<Item = i64> {
    iter::successors(schedule.next_after(after_ms), |last| {
        schedule.next_after(*last)
    })
}

fn assert_next(cron: &str, time_zone: &str, after: &str, expected: &[&str]) {
    let schedule = schedule(cron, time_zone);
    let found = all_after(&schedule, ms(after)).take(expected.len());
    let found: Vec<String> = found.map(|at| local(&schedule, at)).collect();
    assert_eq!(found, expected, "{schedule:?}");
}

fn assert_last(cron: &str, time_zone: &str, at: &str, expected: &str) {
    let schedule = schedule(cron, time_zone);
    let found = schedule.last_between(0, ms(at)).unwrap();
    assert_eq!(local(&schedule, found), expected, "{schedule:?} at {at}");
}

#[test]
fn a_skipped_time_comes_once_when_the_clock_is_set_forward() {
    // 02:00 became 03:00.
    assert_next(
        "30 2 * * *",
        BERLIN,
        "2026-03-28T00:00Z",
        &[
            "2026-03-28 02:30 +01:00",
            "2026-03-29 03:00 +02:00",
            "2026-03-30 02:30 +02:00",
        ],
    );
    let change = "2026-03-29T01:00:00Z";
    let berlin = schedule("30 2 * * *", BERLIN);
    assert_eq!(berlin.next_after(ms(change) - 1), Some(ms(change)));
    assert_eq!(
        berlin.last_between(ms(change) - 1, ms(change)),
        Some(ms(change))
    );
    assert_eq!(
        berlin.last_between(ms(change), ms(change) + 20 * HOUR_MS),
        None
    );
    assert_last(
        "30 2 * * *",
        BERLIN,
        "2026-03-29T00:59:59.999Z",
        "2026-03-28 02:30 +01:00",
    );
}

#[test]
fn times_skipped_together_and_the_first_time_after_them_come_as_one() {
    assert_next(
        "*/10 2,3 * * *",
        BERLIN,
        "2026-03-28T22:00Z",
        &["2026-03-29 03:00 +02:00", "2026-03-29 03:10 +02:00"],
    );
}

#[test]
fn a_time_shown_twice_counts_the_first_time() {
    // 03:00 became 02:00.
    assert_next(
        "30 2 * * *",
        BERLIN,
        "2026-10-24T10:00Z",
        &["2026-10-25 02:30 +02:00", "2026-10-26 02:30 +01:00"],
    );
    let repeated = "2026-10-25 02:30 +02:00";
    for at in [
        "2026-10-25T00:30Z",
        "2026-10-25T01:00Z",
        "2026-10-25T01:15Z",
        "2026-10-25T01:30Z",
        "2026-10-25T01:45Z",
        "2026-10-25T02:00Z",
        "2026-10-26T01:29Z",
    ] {
        assert_last("30 2 * * *", BERLIN, at, repeated);
        assert_next("30 2 * * *", BERLIN, at, &["2026-10-26 02:30 +01:00"]);
    }
}

#[test]
fn expressions_with_some_hours_follow_the_clock_however_they_are_written() {
    for cron in ["0 2,14 * * *", "0 2-14/12 * * *"] {
        let spring = &["2026-03-29 03:00 +02:00", "2026-03-29 14:00 +02:00"];
        assert_next(cron, BERLIN, "2026-03-28T20:00Z", spring);
        let autumn = &["2026-10-25 02:00 +02:00", "2026-10-25 14:00 +01:00"];
        assert_next(cron, BERLIN, "2026-10-24T20:00Z", autumn);
    }
    // In these zones it is midnight that is skipped or shown twice.
    for cron in ["0 0 * * *", "0 */24 * * *", "@daily"] {
        let spring = &["2026-03-29 01:00 +03:00", "2026-03-30 00:00 +03:00"];
        assert_next(cron, "Asia/Beirut", "2026-03-28T12:00Z", spring);
        let autumn = &["2026-11-01 00:00 -04:00", "2026-11-02 00:00 -05:00"];
        assert_next(cron, "America/Havana", "2026-10-31T12:00Z", autumn);
    }
}

#[test]
fn a_skipped_time_is_not_lost_where_the_change_ends_its_day() {
    // On a Saturday 23:00 became 00:00 on Sunday.
    assert_next(
        "30 23 * * SAT",
        "America/Nuuk",
        "2026-03-22T12:00Z",
        &["2026-03-29 00:00 -01:00", "2026-04-04 23:30 -01:00"],
    );
    // There was no 30 December.
    let apia = &[
        "2011-12-29 12:00 -10:00",
        "2011-12-31 00:00 +14:00",
        "2011-12-31 12:00 +14:00",
    ];
    assert_next("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00Z", apia);
}

#[test]
fn hourly_comes_once_for_each_hour_that_passes() {
    for (day, hours) in [
        ("2026-03-28", 24),
        ("2026-03-29", 23),
        ("2026-10-25", 25),
        ("2026-10-26", 24),
    ] {
        for cron in ["0 * * * *", "@hourly", "0 0-23 * * *"] {
            let berlin = schedule(cron, BERLIN);
            let start = berlin
                .zone
                .to_timestamp(format!("{day} 00:00").parse().unwrap());
            let start = start.unwrap().as_millisecond();
            let found = all_after(&berlin, start - 1);
            let of_day = found.take_while(|at| local(&berlin, *at).starts_with(day));
            let expected = (0..hours).map(|hour| start + hour * HOUR_MS);
            assert!(of_day.eq(expected), "{cron} on {day}");
        }
    }
    let repeated = &["2026-10-25 02:00 +02:00", "2026-10-25 02:00 +01:00"];
    assert_next("0 * * * *", BERLIN, "2026-10-24T23:30Z", repeated);
    assert_last("0 * * * *", BERLIN, "2026-10-25T00:59Z", repeated[0]);
    assert_last("0 * * * *", BERLIN, "2026-10-25T01:59Z", repeated[1]);
}

#[test]
fn a_clock_set_by_half_an_hour() {
    // 02:00 became 02:30.
    assert_next(
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T00:00Z",
        &["2026-10-04 02:30 +11:00", "2026-10-05 02:15 +11:00"],
    );
    // 02:00 became 01:30.
    assert_next(
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T00:00Z",
        &["2026-04-05 01:45 +11:00", "2026-04-06 01:45 +10:30"],
    );
    // What an hour is follows the clock then too: an hour and a half without, half an hour between.
    let spring = &["2026-10-04 01:00 +10:30", "2026-10-04 03:00 +11:00"];
    assert_next(
        "0 * * * *",
        "Australia/Lord_Howe",
        "2026-10-03T14:00Z",
        spring,
    );
    let autumn = &["2026-04-05 01:45 +11:00", "2026-04-05 01:45 +10:30"];
    assert_next(
        "45 * * * *",
        "Australia/Lord_Howe",
        "2026-04-04T14:00Z",
        autumn,
    );
}

#[test]
fn the_last_change_before_the_zones_present_rule() {
    // 02:00 became 01:00, in January.
    let (zone, at) = ("America/Metlakatla", "2019-01-20T10:05Z");
    assert_last("30 1 * * *", zone, at, "2019-01-20 01:30 -08:00");
    assert_last("30 * * * *", zone, at, "2019-01-20 01:30 -08:00");
    // Summer time became standard time, and the clock stayed as it was.
    let usual = &["2023-10-28 23:30 -02:00", "2023-10-29 23:30 -02:00"];
    assert_next("30 23 * * *", "America/Nuuk", "2023-10-28T12:00Z", usual);
}

#[test]
fn daily_comes_on_every_day_and_never_twice() {
    let (start, days) = (ms("2025-01-01T12:00Z"), 730);
    for zone in ZONES {
        for (hour, minute) in (0..24).flat_map(|h| [0, 30, 59].map(|m| (h, m))) {
            let daily = schedule(&format!("{minute} {hour} * * *"), zone);
            let found: Vec<i64> = all_after(&daily, start).take(days).collect();
            let mut spans = found.windows(2).map(|pair| pair[1] - pair[0]);
            let usual = 22 * HOUR_MS..=26 * HOUR_MS;
            assert!(spans.all(|span| usual.contains(&span)), "{daily:?}");
            let length = found[days - 1] - start;
            assert!((length - days as i64 * DAY_MS).abs() <= DAY_MS, "{daily:?}");
        }
    }
}

#[test]
fn zones_without_changes() {
    assert_next(
        "0 0 * * MON",
        "Europe/Istanbul",
        "2026-03-23T12:00Z",
        &["2026-03-30 00:00 +03:00", "2026-04-06 00:00 +03:00"],
    );
    let kolkata = schedule("0 0 * * *", "Asia/Kolkata");
    let midnight = ms("2026-01-01T18:30Z");
    assert_eq!(kolkata.next_after(midnight - 1), Some(midnight));
    assert_eq!(kolkata.next_after(midnight), Some(midnight + DAY_MS));
    let hourly = schedule("0 * * * *", "Asia/Kolkata");
    assert_eq!(hourly.next_after(midnight), Some(midnight + HOUR_MS));
}

#[test]
fn days_that_not_every_month_or_year_has() {
    assert_next(
        "0 0 29 2 *",
        "UTC",
        "2096-01-01T00:00Z",
        &["2096-02-29 00:00 +00:00", "2104-02-29 00:00 +00:00"],
    );
    assert_last(
        "0 0 29 2 *",
        "UTC",
        "2104-02-28T00:00Z",
        "2096-02-29 00:00 +00:00",
    );
    assert_last(
        "* * 29 2 *",
        BERLIN,
        "2104-02-28T00:00Z",
        "2096-02-29 23:59 +01:00",
    );
    assert_next(
        "0 0 31 * *",
        "UTC",
        "2026-01-31T00:00Z",
        &[
            "2026-03-31 00:00 +00:00",
            "2026-05-31 00:00 +00:00",
            "2026-07-31 00:00 +00:00",
            "2026-08-31 00:00 +00:00",
        ],
    );
}

#[test]
fn weekdays_by_name() {
    let days = &[
        "2026-06-05 18:00 +03:00",
        "2026-06-08 18:00 +03:00",
        "2026-06-09 18:00 +03:00",
        "2026-06-12 18:00 +03:00",
    ];
    let friday_to_tuesday = "0 18 * * FRI,mon-Tue";
    assert_next(
        friday_to_tuesday,
        "Europe/Istanbul",
        "2026-06-05T12:00Z",
        days,
    );
}

#[test]
fn a_restricted_day_of_month_or_week_is_enough_and_a_starred_one_is_not() {
    // The 1st and every Monday.
    let either = &[
        "2026-06-29 00:00 +00:00",
        "2026-07-01 00:00 +00:00",
        "2026-07-06 00:00 +00:00",
    ];
    assert_next("0 0 1 * MON", "UTC", "2026-06-28T12:00Z", either);
    // Mondays with an odd date.
    let both = &["2026-06-01 00:00 +00:00", "2026-06-15 00:00 +00:00"];
    assert_next("0 0 */2 * MON", "UTC", "2026-05-28T12:00Z", both);
    // The 1st where it is Sunday, Tuesday, Thursday or Saturday.
    let both = &["2026-08-01 00:00 +00:00", "2026-09-01 00:00 +00:00"];
    assert_next("0 0 1 * */2", "UTC", "2026-07-02T12:00Z", both);
}

#[test]
fn is_its_two_texts() {
    let text = r#"{"cron":"0 0 * * MON","time_zone":"Europe/Berlin"}"#;
    let read: Schedule = serde_json::from_str(text).unwrap();
    assert_eq!(read, schedule("0 0 * * MON", BERLIN));
    assert_ne!(read, schedule("0 0 * * MON", "Europe/Istanbul"));
    assert_ne!(read, schedule("0 0 * * 1", BERLIN));
    assert_eq!(read.cron(), "0 0 * * MON");
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    assert_eq!(
        format!("{read:?}"),
        r#"Schedule("0 0 * * MON" in Europe/Berlin)"#
    );

    let wrong = r#"{"cron":"0 0 * * MON","time_zone":"Berlin"}"#;
    let error = serde_json::from_str::<Schedule>(wrong).unwrap_err();
    assert!(
        error.to_string().starts_with("time_zone must be"),
        "{error}"
    );
    assert!(serde_json::from_str::<Schedule>(r#"{"cron":"@daily"}"#).is_err());
}

#[test]
fn there_is_nothing_outside_the_years_1970_to_4999() {
    let end = ms("5000-01-01T00:00Z");
    assert_eq!(CALENDAR.end.as_millisecond(), end);
    for cron in ["* * * * *", "0 0 * * *", "0 0 29 2 *"] {
        for zone in ["UTC", BERLIN, "Pacific/Apia", "America/Nuuk"] {
            let schedule = schedule(cron, zone);
            for outside in [
                i64::MIN,
                i64::MIN + 1,
                -DAY_MS,
                -1,
                end,
                i64::MAX - 1,
                i64::MAX,
            ] {
                assert_eq!(schedule.next_after(outside), None);
                assert_eq!(
                    schedule.last_between(outside, ms("2026-01-01T00:00Z")),
                    None
                );
                assert_eq!(schedule.last_between(0, outside), None);
            }
            assert_eq!(schedule.next_after(end - 1), None);
            assert!(schedule.next_after(0).is_some());
            assert!(schedule.last_between(0, end - 1).is_some());
        }
    }
    assert_eq!(
        schedule("0 0 * * *", "UTC").next_after(end - DAY_MS - 1),
        Some(end - DAY_MS)
    );
}

#[test]
fn nothing_was_missed_in_an_empty_or_reversed_span() {
    let daily = schedule("@daily", "UTC");
    let midnight = ms("2026-01-01T00:00Z");
    assert_eq!(daily.last_between(midnight - 1, midnight), Some(midnight));
    assert_eq!(daily.last_between(midnight, midnight), None);
    assert_eq!(daily.last_between(midnight, midnight + DAY_MS - 1), None);
    assert_eq!(daily.last_between(midnight + 1, midnight), None);
}

#[test]
fn a_long_absence_is_not_gone_through_minute_by_minute() {
    // One by one these would be half a billion instants for each zone.
    for zone in ["UTC", BERLIN] {
        let every_minute = schedule("* * * * *", zone);
        let (left, back) = (ms("2016-01-01T00:00Z"), ms("2026-01-01T00:00Z"));
        for minute in 0..100 {
            let back = back + minute * MINUTE_MS;
            assert_eq!(every_minute.last_between(left, back + 7), Some(back));
        }
    }
}

/// With clocks set by an hour, two, half an hour, at midnight, across midnight and for Ramadan;
/// and some that stay.
const ZONES: [&str; 12] = [
    "Europe/Berlin",
    "America/New_York",
    "Antarctica/Troll",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "America/Havana",
    "America/Nuuk",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Pacific/Chatham",
    "Asia/Kolkata",
    "UTC",
];
