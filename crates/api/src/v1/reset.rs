//! When a board begins a new season by itself, as it is sent and shown.

use boards::Schedule;
use serde::Serialize;
use utoipa::ToSchema;

use fields::{Fields, FromFields};

const DEFAULT_ZONE: &str = "UTC";

/// A cron expression with a time zone.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reset {
    /// Minute, hour, day of month, month and day of week as in crontab, or `@hourly`, `@daily`, `@weekly`,
    /// `@monthly`, `@yearly`.
    #[schema(example = "0 0 * * MON")]
    cron: String,
    /// A name of the IANA time zone database; `UTC`, if missing.
    #[schema(value_type = Option<String>, required = false, default = "UTC", example = "Europe/Istanbul")]
    time_zone: String,
}

impl From<Schedule> for Reset {
    fn from(schedule: Schedule) -> Self {
        Reset {
            cron: schedule.cron().to_owned(),
            time_zone: schedule.time_zone().to_owned(),
        }
    }
}

/// The same, as it is read.
pub(crate) struct NewReset(pub(crate) Schedule);

impl FromFields for NewReset {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let cron: Option<String> = fields.required("cron");
        let zone: Option<Option<String>> = fields.optional("time_zone");
        let (cron, zone) = (cron?, zone?);
        let zone = zone.as_deref().unwrap_or(DEFAULT_ZONE);
        match Schedule::parse(&cron, zone) {
            Ok(schedule) => Some(NewReset(schedule)),
            Err(error) => {
                fields.fault(error.field(), &error.to_string());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use fields::read_object;

    fn read(body: Value) -> Result<Schedule, String> {
        let mut faults = Vec::new();
        let read = read_object::<NewReset>(&body, "/reset", &mut faults);
        read.map(|NewReset(schedule)| schedule)
            .ok_or_else(|| faults.remove(0).pointer.unwrap_or_default())
    }

    #[test]
    fn faults_are_told_with_their_place() {
        assert_eq!(read(json!({"cron": "@daily"})).unwrap().time_zone(), "UTC");
        let wrong = [
            (json!({}), "/reset/cron"),
            (json!({"cron": 5}), "/reset/cron"),
            (json!({"cron": "every day"}), "/reset/cron"),
            (json!({"cron": "0 0 30 2 *"}), "/reset/cron"),
            (
                json!({"cron": "@daily", "time_zone": "Middle/Earth"}),
                "/reset/time_zone",
            ),
        ];
        for (body, pointer) in wrong {
            assert_eq!(read(body).unwrap_err(), pointer);
        }
    }
}
