//! What the command line of a simulation says, from text to values.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;

use matchmaking::simulate::{BadSkills, Skills};
use matchmaking::{Region, Role};

/// Choices with weights, in the order given.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights<T>(pub(super) Vec<(T, f64)>);

impl<T: Display> Display for Weights<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (choice, weight)) in self.0.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            write!(f, "{comma}{choice}:{weight}")?;
        }
        Ok(())
    }
}

/// A rate with its unit, in a second.
pub(super) fn parse_arrivals(text: &str) -> Result<f64, &'static str> {
    let rate = || -> Option<f64> {
        let (number, unit) = text.split_once('/')?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "min" | "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        let number: f64 = number.trim().parse().ok()?;
        (number.is_finite() && number > 0.0).then_some(number / seconds)
    };
    rate().ok_or("expected a number above 0 and a unit, such as 50/s, 90/min or 400/h")
}

pub(super) fn parse_skills(text: &str) -> Result<Skills, String> {
    match text.strip_prefix("file:") {
        Some(path) => read_skills(path),
        None => text.parse().map_err(|e: BadSkills| {
            let unknown = matches!(e, BadSkills::Unknown(_));
            format!(
                "{e}{}",
                if unknown {
                    ", or file:PATH with one rating a line"
                } else {
                    ""
                }
            )
        }),
    }
}

/// The whole reason in one text, since the command line prints no sources of an error.
fn read_skills(path: &str) -> Result<Skills, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|e| format!("cannot read {path}: {e}"))?;
    Skills::from_lines(&text).map_err(|e| format!("{path}: {e}"))
}

pub(super) fn parse_hours(text: &str) -> Result<Duration, &'static str> {
    let hours = text.trim().parse().ok();
    let hours = hours.filter(|hours: &f64| *hours > 0.0 && *hours <= 8_784.0);
    let hours = hours.map(|hours| Duration::from_secs_f64(hours * 3600.0));
    let hours = hours.filter(|time| !time.is_zero());
    hours.ok_or("expected a number of hours above 0, up to 8784, such as 2 or 0.5")
}

pub(super) fn parse_interval(text: &str) -> Result<Duration, &'static str> {
    let interval = humantime::parse_duration(text).ok();
    let interval = interval.filter(|time| !time.is_zero());
    interval.ok_or("expected a duration with a unit, such as 1s or 200ms")
}

pub(super) fn parse_parties(text: &str) -> Result<Weights<usize>, String> {
    let size = |text: &str| usize::from_str(text).ok().filter(|size| *size > 0);
    weights(text, size, "sizes with weights, such as 1:0.6,2:0.3,5:0.1")
}

pub(super) fn parse_regions(text: &str) -> Result<Weights<Region>, String> {
    let region = |text: &str| Region::parse(text).ok();
    weights(text, region, "regions with weights, such as eu:0.5,us:0.3")
}

pub(super) fn parse_roles(text: &str) -> Result<Weights<Role>, String> {
    let role = |text: &str| Role::parse(text).ok();
    weights(text, role, "roles with weights, such as tank:1,damage:3")
}

fn weights<T: PartialEq>(
    text: &str,
    choice: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Weights<T>, String> {
    let mut weights: Vec<(T, f64)> = Vec::new();
    for part in text.split(',') {
        let (name, weight) = part.split_once(':').unwrap_or((part, ""));
        let choice = choice(name.trim());
        let weight = weight.trim().parse().ok();
        let weight = weight.filter(|w: &f64| w.is_finite() && *w >= 0.0);
        let (Some(choice), Some(weight)) = (choice, weight) else {
            return Err(format!("{part:?} is none: expected {expected}"));
        };
        if weights.iter().any(|(known, _)| *known == choice) {
            return Err(format!("{} is there twice", name.trim()));
        }
        weights.push((choice, weight));
    }
    if weights.iter().all(|(_, weight)| *weight == 0.0) {
        return Err("one of the weights must be above 0".to_owned());
    }
    Ok(Weights(weights))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_units() {
        assert_eq!(parse_arrivals("50/s"), Ok(50.0));
        assert_eq!(parse_arrivals("90 / min"), Ok(1.5));
        assert_eq!(parse_arrivals("7200/h"), Ok(2.0));
        for bad in ["50", "50/d", "0/s", "-1/s", "inf/s", "NaN/s", "/s", ""] {
            assert!(
                parse_arrivals(bad).unwrap_err().contains("such as 50/s"),
                "{bad}"
            );
        }
    }

    #[test]
    fn times_are_positive() {
        assert_eq!(parse_hours("0.5"), Ok(Duration::from_secs(1800)));
        for bad in ["0", "-1", "1e-20", "9000", "2h", "inf"] {
            assert!(
                parse_hours(bad).unwrap_err().contains("such as 2 or 0.5"),
                "{bad}"
            );
        }
        assert_eq!(parse_interval("200ms"), Ok(Duration::from_millis(200)));
        for bad in ["0s", "1", "soon"] {
            assert!(
                parse_interval(bad).unwrap_err().contains("such as 1s"),
                "{bad}"
            );
        }
    }

    #[test]
    fn weights_are_read_and_written() {
        let parties = parse_parties("1:0.6, 2:0.3,5:0.1").unwrap();
        assert_eq!(parties.0, [(1, 0.6), (2, 0.3), (5, 0.1)]);
        assert_eq!(parties.to_string(), "1:0.6,2:0.3,5:0.1");
        let refusal = |text: &str| parse_parties(text).unwrap_err();
        for bad in ["", "1", "0:1", "1:x", "1:-1", "1:inf", "x:1", "1:1,,"] {
            assert!(refusal(bad).contains("such as 1:0.6,2:0.3,5:0.1"), "{bad}");
        }
        assert!(refusal("2:1,2:3").contains("2 is there twice"));
        assert!(refusal("1:0").contains("above 0"));
        assert!(parse_regions("eu:1,us:2").is_ok());
        assert!(
            parse_regions("E U:1")
                .unwrap_err()
                .contains("such as eu:0.5")
        );
        assert!(
            parse_roles("Tank:1")
                .unwrap_err()
                .contains("such as tank:1")
        );
    }

    #[test]
    fn skills_come_from_text_or_file() {
        assert!(parse_skills("normal:1500,300").is_ok());
        assert!(
            parse_skills("1500")
                .unwrap_err()
                .contains("uniform:1000..2000, or file:PATH")
        );
        assert!(
            parse_skills("file:/no/such")
                .unwrap_err()
                .contains("cannot read /no/such: No such")
        );
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"1500\nhigh\n").unwrap();
        let refusal = parse_skills(&format!("file:{}", file.path().display())).unwrap_err();
        assert!(
            refusal.contains("line 2: \"high\" is no rating"),
            "{refusal}"
        );
    }
}
