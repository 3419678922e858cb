//! The two texts of a schedule: a cron expression as crontab(5) has it, and the name of a zone.
//!
//! Croner reads more than crontab does (seconds, years, `L`, `W`, `#`, `?`, `+`), finds names of
//! months and weekdays in every field and skips what is empty between two commas. A slip would
//! so become another schedule, so the words are checked before croner sees them.

use croner::Cron;
use croner::parser::CronParser;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};

const MAX_BYTES: usize = 256;

const MACROS: [(&str, &str); 5] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
];

const MONTHS: &[&str] = &[
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// What each field is called, which values it takes, and by which names they go too.
const FIELDS: [(&str, &str, &[&str]); 5] = [
    ("minute", "0 to 59", &[]),
    ("hour", "0 to 23", &[]),
    ("day of month", "1 to 31", &[]),
    ("month", "1 to 12 or JAN to DEC", MONTHS),
    ("day of week", "0 to 7 or SUN to SAT", WEEKDAYS),
];

/// Why a text is no schedule; the text completes the sentence "*field* …" and is fit for clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The cron expression cannot be read; this says what is required.
    #[error("{0}")]
    Cron(String),
    /// The time zone is not known; this says what is required.
    #[error("{0}")]
    TimeZone(String),
    /// The cron expression can be read, but asks for a date such as 30 February.
    #[error("must allow a date that the calendar has; this one never comes")]
    Never,
}

impl ScheduleError {
    /// The field that is wrong: `cron` or `time_zone`.
    pub fn field(&self) -> &'static str {
        match self {
            ScheduleError::Cron(_) | ScheduleError::Never => "cron",
            ScheduleError::TimeZone(_) => "time_zone",
        }
    }
}

pub(super) fn cron(text: &str) -> Result<Cron, ScheduleError> {
    if text.len() > MAX_BYTES {
        return Err(too_long(ScheduleError::Cron));
    }
    let fields = five_fields(text)?;
    for (position, field) in fields.iter().enumerate() {
        check_field(position, field)?;
    }
    let [_, _, day, _, weekday] = fields;
    // To crontab a day is unrestricted if it begins with `*`, to croner only if it is `*`.
    let both = day.starts_with('*') || weekday.starts_with('*');
    let parser = CronParser::builder().dom_and_dow(both).build();
    let pattern = parser.parse(&fields.join(" ")).map_err(|_| no_fields())?;
    // No field is a year, so what comes at all comes after any date.
    match pattern.find_next_occurrence(&DateTime::constant(1970, 1, 1, 0, 0, 0, 0), true) {
        Ok(_) => Ok(pattern),
        Err(_) => Err(ScheduleError::Never),
    }
}

fn five_fields(text: &str) -> Result<[&str; 5], ScheduleError> {
    let known = MACROS.iter().find(|(name, _)| *name == text);
    let text = known.map_or(text, |(_, meaning)| meaning);
    let fields = text.split([' ', '\t']).filter(|field| !field.is_empty());
    let fields: Vec<&str> = fields.collect();
    fields.try_into().map_err(|_| no_fields())
}

/// Each word has to be a number, a name that fits the field or `*`; how words go together and which
/// numbers fit is known to croner.
fn check_field(position: usize, text: &str) -> Result<(), ScheduleError> {
    let (name, values, names) = FIELDS[position];
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let is_name = |word: &str| names.iter().any(|name| name.eq_ignore_ascii_case(word));
    let is_known = |word: &str| word == "*" || is_number(word) || is_name(word);
    let mut alone = ["*"; 5];
    alone[position] = text;
    let is_readable = || CronParser::new().parse(&alone.join(" ")).is_ok();
    if text.split([',', '-', '/']).all(is_known) && is_readable() {
        return Ok(());
    }
    Err(ScheduleError::Cron(format!(
        "must have as {name} {values}, or * for all, with lists as 1,2, ranges as 1-5 and steps \
         as */2"
    )))
}

pub(super) fn time_zone(name: &str) -> Result<TimeZone, ScheduleError> {
    if name.len() > MAX_BYTES {
        return Err(too_long(ScheduleError::TimeZone));
    }
    let found = TimeZoneDatabase::bundled().get(name).ok();
    // The database has an entry for "not known", which would do as UTC does.
    found.filter(|zone| !zone.is_unknown()).ok_or_else(|| {
        let required = "must be an IANA time zone such as Europe/Istanbul, or UTC";
        ScheduleError::TimeZone(required.to_owned())
    })
}

fn too_long(of_field: fn(String) -> ScheduleError) -> ScheduleError {
    of_field(format!("must have at most {MAX_BYTES} bytes"))
}

fn no_fields() -> ScheduleError {
    let names = FIELDS.map(|(name, _, _)| name).join(", ");
    let macros = MACROS.map(|(name, _)| name).join(", ");
    ScheduleError::Cron(format!(
        "must have five fields ({names}) or be one of {macros}"
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_stand_for_numbers_and_macros_for_fields() {
        for (text, plain) in [
            ("0 0 * * MON-FRI", "0 0 * * 1-5"),
            ("0 0 * * mon,Tue,wed-FRI", "0 0 * * 1-5"),
            ("0 0 * * 7", "0 0 * * 0"),
            ("0 0 * * FRI-SUN", "0 0 * * 0,5,6"),
            ("0 0 1 JAN,jun-AUG *", "0 0 1 1,6,7,8 *"),
            (" 00\t04  01 * * ", "0 4 1 * *"),
            ("@hourly", "0 * * * *"),
            ("@daily", "0 0 * * *"),
            ("@weekly", "0 0 * * SUN"),
            ("@monthly", "0 0 1 * *"),
            ("@yearly", "0 0 1 JAN *"),
        ] {
            assert_eq!(cron(text).unwrap(), cron(plain).unwrap(), "{text}");
        }
    }

    #[test]
    fn refuses_what_crontab_does_not_know() {
        for text in [
            "",
            " ",
            "* * * *",
            "0 * * * * *",
            "0 0 0 1 1 * 2030",
            "@reboot",
            "@daily @daily",
            "60 * * * *",
            "-1 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "5/10 * * * *",
            "/10 * * * *",
            "1-2-3 * * * *",
            "30-10 * * * *",
            ", * * * *",
            "1,,2 * * * *",
            "** * * * *",
            "99999999999 * * * *",
            "0 0 L * *",
            "0 0 15W * *",
            "0 0 ? * *",
            "0 0 * * FRI#2",
            "0 0 * * 5L",
            "0 0 1 * +MON",
            "0 0 JAN * *",
            "0 0 * MON *",
            "0 0 * * FRIDAY",
            "0 0 1 1JAN *",
            "0 0 * * *\n",
            "０ 0 * * *",
            &format!("{}0 0 * * *", " ".repeat(256)),
        ] {
            let error = cron(text).unwrap_err();
            assert!(matches!(error, ScheduleError::Cron(_)), "{text:?}: {error}");
            assert_eq!(error.field(), "cron");
        }
    }

    #[test]
    fn says_what_would_be_right() {
        let error = |text: &str| cron(text).unwrap_err().to_string();
        assert_eq!(
            error("* * *"),
            "must have five fields (minute, hour, day of month, month, day of week) or be one of \
             @hourly, @daily, @weekly, @monthly, @yearly"
        );
        assert_eq!(
            error("0 25 * * *"),
            "must have as hour 0 to 23, or * for all, with lists as 1,2, ranges as 1-5 and steps as */2"
        );
        assert_eq!(error(&"*".repeat(257)), "must have at most 256 bytes");
        assert_eq!(
            error("0 0 30 2 *"),
            "must allow a date that the calendar has; this one never comes"
        );
        assert_eq!(
            time_zone("Berlin").unwrap_err().to_string(),
            "must be an IANA time zone such as Europe/Istanbul, or UTC"
        );
    }

    #[test]
    fn refuses_what_never_comes() {
        for text in ["0 0 30 2 *", "* * 31 4,6,9,11 *", "0 0 30-31 FEB */2"] {
            let error = cron(text).unwrap_err();
            assert_eq!((error.field(), error), ("cron", ScheduleError::Never));
        }
        // Or the day of week: Mondays in February.
        assert!(cron("0 0 30 2 MON").is_ok());
    }

    #[test]
    fn refuses_unknown_zones() {
        for zone in [
            "",
            "Berlin",
            "Europe/Berlin ",
            "Mars/Olympus",
            "+03:00",
            "CET-1CEST,M3.5.0,M10.5.0",
            "Etc/Unknown",
            "../UTC",
            &"x".repeat(257),
        ] {
            let error = time_zone(zone).unwrap_err();
            assert!(matches!(error, ScheduleError::TimeZone(_)), "{zone}");
            assert_eq!(error.field(), "time_zone");
        }
        for zone in ["UTC", "Etc/UTC", "europe/berlin", "Asia/Calcutta"] {
            assert!(time_zone(zone).is_ok(), "{zone}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}", name in "\\PC{0,20}") {
            let _ = (cron(&text), time_zone(&name));
        }

        #[test]
        fn any_words_of_cron_are_read_or_refused(
            fields in prop::collection::vec("[0-9*,/LWA-Z#?-]{1,6}|[*]|[0-9]", 5),
        ) {
            let _ = cron(&fields.join(" "));
        }
    }
}
