//! `[rate_limit]`: how many requests a client may send.

use std::num::NonZeroU32;
use std::time::Duration;

use api::{Rate, Rates};
use serde::{Deserialize, Deserializer, Serialize};

const MAX_PER_S: f64 = 1_000_000.0;
/// How long it may take at the most until a whole burst is there again. Beyond some centuries, a limiter's
/// nanoseconds would not fit a word.
const MAX_REFILL_S: f64 = 365.0 * 86_400.0;

/// Requests a second and at once, for each kind of client. A rate of 0: as many as they like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RateLimit {
    pub(crate) enabled: Enabled,
    pub(crate) anonymous_per_s: f64,
    pub(crate) anonymous_burst: u32,
    pub(crate) player_per_s: f64,
    pub(crate) player_burst: u32,
    pub(crate) server_per_s: f64,
    pub(crate) server_burst: u32,
    pub(crate) failures_per_s: f64,
    pub(crate) failures_burst: u32,
}

/// Whether there are limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Enabled {
    /// Unless everything is open to everybody anyway.
    Auto,
    On,
    Off,
}

impl<'de> Deserialize<'de> for Enabled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "auto" => Ok(Enabled::Auto),
            "on" | "true" => Ok(Enabled::On),
            "off" | "false" => Ok(Enabled::Off),
            _ => Err(serde::de::Error::custom("expected auto, on or off")),
        }
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        RateLimit {
            enabled: Enabled::Auto,
            anonymous_per_s: 50.0,
            anonymous_burst: 200,
            player_per_s: 20.0,
            player_burst: 100,
            server_per_s: 0.0,
            server_burst: 1000,
            failures_per_s: 0.2,
            failures_burst: 20,
        }
    }
}

impl RateLimit {
    /// The limits; `None` where there are none. `open`: whether everything is open to everybody.
    pub(crate) fn rates(&self, open: bool) -> Option<Rates> {
        let on = match self.enabled {
            Enabled::Auto => !open,
            Enabled::On => true,
            Enabled::Off => false,
        };
        on.then(|| Rates {
            anonymous: rate(self.anonymous_per_s, self.anonymous_burst),
            player: rate(self.player_per_s, self.player_burst),
            server: rate(self.server_per_s, self.server_burst),
            failures: rate(self.failures_per_s, self.failures_burst),
        })
    }

    /// The key, the value and what is wrong with it.
    pub(super) fn check(&self) -> Result<(), (String, String, String)> {
        for (name, per_s, burst) in [
            ("anonymous", self.anonymous_per_s, self.anonymous_burst),
            ("player", self.player_per_s, self.player_burst),
            ("server", self.server_per_s, self.server_burst),
            ("failures", self.failures_per_s, self.failures_burst),
        ] {
            let refuse = |key, value: String, reason: &str| {
                Err((format!("rate_limit.{name}_{key}"), value, reason.to_owned()))
            };
            if per_s != 0.0 && !(0.001..=MAX_PER_S).contains(&per_s) {
                let reason = "expected 0, or 0.001 to 1000000";
                return refuse("per_s", per_s.to_string(), reason);
            }
            if burst == 0 {
                return refuse("burst", "0".to_owned(), "expected at least 1");
            }
            let most = per_s * MAX_REFILL_S;
            if per_s != 0.0 && f64::from(burst) > most {
                let reason = format!(
                    "expected at most {most:.0} at {per_s} a second: beyond that, filling it up again takes more than a year"
                );
                return refuse("burst", burst.to_string(), &reason);
            }
        }
        Ok(())
    }
}

fn rate(per_s: f64, burst: u32) -> Option<Rate> {
    let burst = NonZeroU32::new(burst)?;
    let every = Duration::try_from_secs_f64(1.0 / per_s).ok()?;
    Some(Rate { every, burst })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_server_has_no_limits_unless_asked_for() {
        let mut settings = RateLimit::default();
        assert_eq!(settings.rates(true), None);
        assert!(settings.rates(false).is_some());
        settings.enabled = Enabled::On;
        assert!(settings.rates(true).is_some());
        settings.enabled = Enabled::Off;
        assert_eq!(settings.rates(false), None);
    }

    #[test]
    fn a_burst_that_takes_more_than_a_year_is_refused() {
        let with = |per_s, burst| RateLimit {
            server_per_s: per_s,
            server_burst: burst,
            ..RateLimit::default()
        };
        for (per_s, burst) in [(0.001, 31_536), (0.0, u32::MAX), (137.0, u32::MAX)] {
            assert_eq!(with(per_s, burst).check(), Ok(()), "{per_s} {burst}");
        }
        for (per_s, burst) in [(0.001, 31_537), (0.001, u32::MAX), (136.0, u32::MAX)] {
            let (key, value, reason) = with(per_s, burst).check().unwrap_err();
            assert_eq!(key, "rate_limit.server_burst");
            assert_eq!(value, burst.to_string());
            assert!(reason.contains("a year"), "{reason}");
        }
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let rates = RateLimit::default().rates(false).unwrap();
        assert_eq!(rates.server, None);
        let anonymous = rates.anonymous.unwrap();
        assert_eq!(anonymous.every, Duration::from_millis(20));
        assert_eq!(anonymous.burst.get(), 200);
        assert_eq!(rates.failures.unwrap().every, Duration::from_secs(5));
    }
}
