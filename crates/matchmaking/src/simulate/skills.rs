//! How good players truly are, as a distribution that can be written on a command line.

use std::fmt;
use std::str::FromStr;

use fastrand::Rng;

use super::draw;

/// Beyond what ratings may be there is nothing to simulate.
const LARGEST: f64 = 1e6;

/// A distribution of skills, on the scale where a new player has 1500. One that exists is valid.
///
/// | text | meaning |
/// |---|---|
/// | `normal:1500,300` | normal, with that mean and standard deviation |
/// | `uniform:1000..2000` | anything from 1000 to 2000, all alike |
#[derive(Clone, Debug, PartialEq)]
pub struct Skills(Shape);

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Normal {
        mean: f64,
        deviation: f64,
    },
    Uniform {
        low: f64,
        high: f64,
    },
    /// Never empty.
    Observed(Vec<f64>),
}

/// Why a distribution of skills was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSkills {
    /// None of the known ones.
    #[error("{0:?} is no distribution of ratings: expected normal:1500,300 or uniform:1000..2000")]
    Unknown(String),
    /// Not a number, or one out of range.
    #[error("{0:?} is no rating: expected a number from -1000000 to 1000000, such as 1500")]
    Rating(String),
    /// A deviation that is none.
    #[error("{0:?} is no standard deviation: expected a number from 0 to 1000000, such as 300")]
    Deviation(String),
    /// Bounds that enclose nothing.
    #[error("the range {0} is empty: expected the lower bound first, such as 1000..2000")]
    Range(String),
    /// A line that is no rating.
    #[error("line {line}: {reason}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: Box<BadSkills>,
    },
    /// Nothing was observed.
    #[error("no ratings: expected at least one")]
    Empty,
}

impl Skills {
    /// Normal about a new player's rating, with the deviation that ratings of large games come to.
    pub(super) fn usual() -> Self {
        Skills(Shape::Normal {
            mean: 1500.0,
            deviation: 300.0,
        })
    }

    /// What was observed, each as likely as the others: a text with one rating a line. Blank lines and
    /// those that begin with `#` are skipped.
    ///
    /// # Errors
    /// [`BadSkills::Line`] for the first line that is no rating, [`BadSkills::Empty`] when there are none.
    pub fn from_lines(text: &str) -> Result<Self, BadSkills> {
        let lines = text.lines().map(str::trim).enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let values = lines.map(|(index, line)| {
            rating(line).map_err(|reason| BadSkills::Line {
                line: index + 1,
                reason: Box::new(reason),
            })
        });
        let values: Vec<f64> = values.collect::<Result<_, _>>()?;
        if values.is_empty() {
            return Err(BadSkills::Empty);
        }
        Ok(Skills(Shape::Observed(values)))
    }

    /// A random one, within the bounds of ratings.
    pub(super) fn draw(&self, rng: &mut Rng) -> f64 {
        let skill = match &self.0 {
            Shape::Normal { mean, deviation } => draw::normal(rng, *mean, *deviation),
            Shape::Uniform { low, high } => low + (high - low) * rng.f64(),
            Shape::Observed(values) => values[rng.usize(..values.len())],
        };
        skill.clamp(-LARGEST, LARGEST)
    }
}

/// As it is read; what was observed by how much there is of it.
impl fmt::Display for Skills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Shape::Normal { mean, deviation } => write!(f, "normal:{mean},{deviation}"),
            Shape::Uniform { low, high } => write!(f, "uniform:{low}..{high}"),
            Shape::Observed(values) => write!(f, "{} observed", values.len()),
        }
    }
}

impl FromStr for Skills {
    type Err = BadSkills;

    fn from_str(text: &str) -> Result<Self, BadSkills> {
        let unknown = || BadSkills::Unknown(text.to_owned());
        let (kind, rest) = text.split_once(':').ok_or_else(unknown)?;
        match kind {
            "normal" => {
                let (mean, deviation) = rest.split_once(',').ok_or_else(unknown)?;
                Ok(Skills(Shape::Normal {
                    mean: rating(mean)?,
                    deviation: self::deviation(deviation)?,
                }))
            }
            "uniform" => {
                let (low, high) = rest.split_once("..").ok_or_else(unknown)?;
                let (low, high) = (rating(low)?, rating(high)?);
                if low > high {
                    return Err(BadSkills::Range(rest.to_owned()));
                }
                Ok(Skills(Shape::Uniform { low, high }))
            }
            _ => Err(unknown()),
        }
    }
}

fn rating(text: &str) -> Result<f64, BadSkills> {
    let value = text
        .trim()
        .parse()
        .ok()
        .filter(|v: &f64| v.abs() <= LARGEST);
    value.ok_or_else(|| BadSkills::Rating(text.to_owned()))
}

fn deviation(text: &str) -> Result<f64, BadSkills> {
    let value = text.trim().parse().ok();
    let value = value.filter(|v| (0.0..=LARGEST).contains(v));
    value.ok_or_else(|| BadSkills::Deviation(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_read_and_drawn() {
        let mut rng = draw::stream(1, 0, 0);
        let uniform: Skills = "uniform:1000..2000".parse().unwrap();
        let normal: Skills = "normal:1500, 0".parse().unwrap();
        let observed = Skills::from_lines("# ours\n\n 1200 \n1300.5\n").unwrap();
        for _ in 0..100 {
            assert!((1000.0..=2000.0).contains(&uniform.draw(&mut rng)));
            assert_eq!(normal.draw(&mut rng), 1500.0);
            assert!([1200.0, 1300.5].contains(&observed.draw(&mut rng)));
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_would_be_right() {
        let refusal = |text: &str| text.parse::<Skills>().unwrap_err().to_string();
        assert!(refusal("fast").contains("normal:1500,300 or uniform:1000..2000"));
        assert!(refusal("normal:1500").contains("normal:1500,300"));
        assert!(refusal("normal:NaN,3").contains("\"NaN\" is no rating"));
        assert!(refusal("normal:1500,-3").contains("\"-3\" is no standard deviation"));
        assert!(refusal("normal:1500,inf").contains("from 0 to 1000000"));
        assert!(refusal("uniform:2000..1000").contains("lower bound first"));
        assert!(refusal("uniform:1e7..2e7").contains("is no rating"));
        let refusal = |text: &str| Skills::from_lines(text).unwrap_err().to_string();
        assert!(refusal("1500\nsoon").starts_with("line 2: \"soon\" is no rating"));
        assert!(refusal("# none\n").contains("at least one"));
    }
}
