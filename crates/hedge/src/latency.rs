//! How long one attempt takes, as a distribution: written on a command line in a few letters, or
//! taken from what was measured.
//!
//! The same value is asked both ways: what share of attempts is over by a time, and by what time a
//! share of them is over. Randomness comes from outside: the quantile of a uniform random number
//! is a random latency. How an attempt ends, well or badly, is no part of it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// No latency anyone writes down is longer than a day.
const LONGEST_MS: f64 = 86_400_000.0;
/// A spread at which one in six latencies is twenty thousand times the median.
const LARGEST_SIGMA: f64 = 10.0;
/// The largest share below 1. Latencies without an upper end reach 1 nowhere.
const NEARLY_ALL: f64 = 1.0 - f64::EPSILON / 2.0;
/// Beyond this many standard deviations the normal distribution is 0 or 1 to the last bit that
/// matters here.
const NORMAL_END: f64 = 8.3;

/// A distribution of latencies. One that exists is valid.
///
/// Written and read in milliseconds, whole or fractional:
///
/// | text | meaning |
/// |---|---|
/// | `uniform:100..600` | anything from 100 to 600, all alike |
/// | `constant:5` | always 5 |
/// | `exponential:200` | memoryless, 200 on average |
/// | `lognormal:180,0.6` | half below 180; the logarithm has a standard deviation of 0.6 |
#[derive(Clone, Debug, PartialEq)]
pub struct Latency(Shape);

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Uniform {
        low: Duration,
        high: Duration,
    },
    Constant(Duration),
    Exponential {
        mean: Duration,
    },
    LogNormal {
        median: Duration,
        sigma: f64,
    },
    /// In ascending order, and never empty.
    Observed(Vec<Duration>),
}

/// Why a latency was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLatency {
    /// None of the known distributions.
    #[error(
        "{0:?} is no latency: expected uniform:100..600, constant:5, exponential:200 or \
         lognormal:180,0.6, with the times in milliseconds"
    )]
    Unknown(String),
    /// A time that is not a number, is negative, or is longer than a day.
    #[error("{0:?} is no latency: expected milliseconds from 0 to 86400000, such as 5 or 0.25")]
    Milliseconds(String),
    /// Bounds that enclose nothing.
    #[error("the range {0} is empty: expected the lower bound first, such as 100..600")]
    Range(String),
    /// A mean or a median of zero.
    #[error("{0} must be longer than 0 ms; a latency of nothing is constant:0")]
    Zero(&'static str),
    /// A spread that is not a number above zero.
    #[error("{0:?} is no spread: expected a number above 0 and up to 10, such as 0.6")]
    Sigma(String),
    /// A line of samples that is no latency.
    #[error("line {line}: {reason}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: Box<BadLatency>,
    },
    /// Nothing was observed.
    #[error("no samples: expected at least one")]
    NoSamples,
}

impl Latency {
    /// What was measured, each sample as likely as the others. Costs O(n log n).
    ///
    /// # Errors
    /// [`BadLatency::NoSamples`] when there are none.
    pub fn observed(mut samples: Vec<Duration>) -> Result<Self, BadLatency> {
        if samples.is_empty() {
            return Err(BadLatency::NoSamples);
        }
        samples.sort_unstable();
        Ok(Latency(Shape::Observed(samples)))
    }

    /// What was measured, from a text with one number of milliseconds a line. Blank lines and
    /// those that begin with `#` are skipped.
    ///
    /// # Errors
    /// [`BadLatency::Line`] for the first line that is no latency, [`BadLatency::NoSamples`] when
    /// there are none.
    pub fn from_lines(text: &str) -> Result<Self, BadLatency> {
        let lines = text.lines().map(str::trim).enumerate();
        let samples = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let samples = samples.map(|(index, line)| {
            milliseconds(line).map_err(|reason| BadLatency::Line {
                line: index + 1,
                reason: Box::new(reason),
            })
        });
        Self::observed(samples.collect::<Result<_, _>>()?)
    }

    /// The share of attempts, from 0 to 1, that take no longer than `time`.
    ///
    /// O(1); O(log n) with n samples.
    #[must_use]
    pub fn share_within(&self, time: Duration) -> f64 {
        match &self.0 {
            Shape::Uniform { low, high } => {
                let above = time.saturating_sub(*low);
                above.div_duration_f64(*high - *low).min(1.0)
            }
            Shape::Constant(latency) => f64::from(u8::from(time >= *latency)),
            Shape::Exponential { mean } => -(-time.div_duration_f64(*mean)).exp_m1(),
            Shape::LogNormal { median, sigma } => {
                normal_share(time.div_duration_f64(*median).ln() / sigma)
            }
            Shape::Observed(samples) => {
                samples.partition_point(|s| *s <= time) as f64 / samples.len() as f64
            }
        }
    }

    /// The shortest time within which the `share` of attempts is over. With a random share, even
    /// over 0 to 1, it is a random latency.
    ///
    /// Shares below 0, and NaN, count as 0. Those from 1 on count as the largest number below 1, so that
    /// also latencies without an upper end have an answer. O(1); a logarithmic normal latency
    /// costs some microseconds, since its share is inverted by halving.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let share = if share > 0.0 {
            share.min(NEARLY_ALL)
        } else {
            0.0
        };
        match &self.0 {
            Shape::Uniform { low, high } => *low + stretch(*high - *low, share),
            Shape::Constant(latency) => *latency,
            Shape::Exponential { mean } => stretch(*mean, -(-share).ln_1p()),
            Shape::LogNormal { median, sigma } => {
                stretch(*median, (sigma * normal_quantile(share)).exp())
            }
            Shape::Observed(samples) => samples[sample_at(share, samples.len())],
        }
    }
}

/// From 100 to 600 milliseconds, all alike: slow and uneven enough for hedging to pay.
impl Default for Latency {
    fn default() -> Self {
        Latency(Shape::Uniform {
            low: Duration::from_millis(100),
            high: Duration::from_millis(600),
        })
    }
}

impl FromStr for Latency {
    type Err = BadLatency;

    fn from_str(text: &str) -> Result<Self, BadLatency> {
        let unknown = || BadLatency::Unknown(text.to_owned());
        let (name, numbers) = text.split_once(':').ok_or_else(unknown)?;
        let shape = match name {
            "uniform" => uniform(numbers.split_once("..").ok_or_else(unknown)?),
            "constant" => milliseconds(numbers).map(Shape::Constant),
            "exponential" => positive(numbers, "the mean").map(|mean| Shape::Exponential { mean }),
            "lognormal" => log_normal(numbers.split_once(',').ok_or_else(unknown)?),
            _ => Err(unknown()),
        };
        shape.map(Latency)
    }
}

/// As it is parsed, apart from what was observed, which is too long to be written in one line.
impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Shape::Uniform { low, high } => write!(f, "uniform:{}..{}", ms(*low), ms(*high)),
            Shape::Constant(latency) => write!(f, "constant:{}", ms(*latency)),
            Shape::Exponential { mean } => write!(f, "exponential:{}", ms(*mean)),
            Shape::LogNormal { median, sigma } => write!(f, "lognormal:{},{sigma}", ms(*median)),
            Shape::Observed(samples) => write!(f, "{} observed", samples.len()),
        }
    }
}

fn uniform((low, high): (&str, &str)) -> Result<Shape, BadLatency> {
    let range = format!("{low}..{high}");
    let (low, high) = (milliseconds(low)?, milliseconds(high)?);
    if low < high {
        Ok(Shape::Uniform { low, high })
    } else {
        Err(BadLatency::Range(range))
    }
}

fn log_normal((median, sigma): (&str, &str)) -> Result<Shape, BadLatency> {
    let median = positive(median, "the median")?;
    let number = sigma.trim().parse::<f64>().ok();
    match number.filter(|s| *s > 0.0 && *s <= LARGEST_SIGMA) {
        Some(sigma) => Ok(Shape::LogNormal { median, sigma }),
        None => Err(BadLatency::Sigma(sigma.to_owned())),
    }
}

fn positive(text: &str, what: &'static str) -> Result<Duration, BadLatency> {
    match milliseconds(text)? {
        Duration::ZERO => Err(BadLatency::Zero(what)),
        time => Ok(time),
    }
}

/// Rounded to nanoseconds. A NaN lies in no range and so is refused like everything else.
fn milliseconds(text: &str) -> Result<Duration, BadLatency> {
    let number = text.trim().parse::<f64>().ok();
    match number.filter(|n| (0.0..=LONGEST_MS).contains(n)) {
        Some(number) => Ok(Duration::from_nanos((number * 1e6).round() as u64)),
        None => Err(BadLatency::Milliseconds(text.to_owned())),
    }
}

/// Whole nanoseconds divided once, so that what was parsed as 0.1 is printed as 0.1.
fn ms(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

/// Far quantiles of a wide distribution may be longer than any duration: then the longest.
fn stretch(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

/// The first sample up to which there is the `share` of them all. The small number keeps a share
/// such as 0.9, which is no exact binary fraction, from asking for one sample too many.
fn sample_at(share: f64, count: usize) -> usize {
    let samples = (share * count as f64 - 1e-9).ceil() as usize;
    samples.clamp(1, count) - 1
}

/// The share of a standard normal distribution below `x`, by the series that G. Marsaglia gives
/// in "Evaluating the Normal Distribution", Journal of Statistical Software 11(4), 2004. Its terms
/// grow at first and always shrink in the end, so the sum comes to rest.
fn normal_share(x: f64) -> f64 {
    if x.abs() > NORMAL_END {
        return f64::from(u8::from(x > 0.0));
    }
    let (mut sum, mut term, mut odd, mut before) = (x, x, 1.0, f64::NAN);
    while sum != before {
        before = sum;
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    (0.5 + density * sum).clamp(0.0, 1.0)
}

/// The inverse of [`normal_share`] by halving, so that the two agree by construction.
fn normal_quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-NORMAL_END, NORMAL_END);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if normal_share(middle) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: [&str; 8] = [
        "uniform:100..600",
        "uniform:0..0.5",
        "constant:5",
        "constant:0",
        "constant:180.3",
        "exponential:200",
        "lognormal:180,0.6",
        "lognormal:0.1,2",
    ];

    fn parse(text: &str) -> Latency {
        text.parse().unwrap()
    }

    fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn what_is_parsed_prints_the_same() {
        for text in VALID {
            assert_eq!(parse(text).to_string(), text);
        }
        assert_eq!(Latency::default(), parse("uniform:100..600"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |text: &str| text.parse::<Latency>().unwrap_err();
        let number = |text: &str| BadLatency::Milliseconds(text.to_owned());
        for text in [
            "",
            "5",
            "uniform",
            "uniform:5",
            "gamma:1",
            "lognormal:180",
            "Constant:5",
        ] {
            assert_eq!(refused(text), BadLatency::Unknown(text.to_owned()));
        }
        for text in ["-1", "NaN", "inf", "", "5ms", "86400001", "-inf"] {
            assert_eq!(refused(&format!("constant:{text}")), number(text));
            assert_eq!(refused(&format!("uniform:{text}..600")), number(text));
            assert_eq!(refused(&format!("exponential:{text}")), number(text));
            assert_eq!(refused(&format!("lognormal:{text},1")), number(text));
        }
        for range in ["5..5", "600..100", "0..0"] {
            let refusal = refused(&format!("uniform:{range}"));
            assert_eq!(refusal, BadLatency::Range(range.to_owned()));
        }
        for sigma in ["0", "-1", "NaN", "inf", "", "11"] {
            let refusal = refused(&format!("lognormal:180,{sigma}"));
            assert_eq!(refusal, BadLatency::Sigma(sigma.to_owned()));
        }
        assert_eq!(refused("exponential:0"), BadLatency::Zero("the mean"));
        assert_eq!(refused("lognormal:0,1"), BadLatency::Zero("the median"));
    }

    #[test]
    fn refusals_say_what_would_be_right() {
        let refused = |text: &str| text.parse::<Latency>().unwrap_err().to_string();
        assert!(refused("normal:5").contains("lognormal:180,0.6"));
        assert!(refused("constant:x").contains("milliseconds from 0"));
        assert!(refused("uniform:6..1").contains("100..600"));
    }

    #[test]
    fn shares_are_those_of_the_textbook() {
        let share = |text: &str, time| parse(text).share_within(millis(time));
        assert!(close(share("uniform:100..600", 100), 0.0));
        assert!(close(share("uniform:100..600", 50), 0.0));
        assert!(close(share("uniform:100..600", 300), 0.4));
        assert!(close(share("uniform:100..600", 700), 1.0));
        assert!(close(share("constant:5", 4), 0.0));
        assert!(close(share("constant:5", 5), 1.0));
        assert!(close(share("exponential:200", 200), 0.632_120_559));
        assert!(close(share("lognormal:100,0.5", 0), 0.0));
        assert!(close(share("lognormal:100,0.5", 100), 0.5));
        // One and two standard deviations above, and as many below.
        assert!(close(normal_share(1.0), 0.841_344_746));
        assert!(close(normal_share(-2.0), 0.022_750_132));
        assert!(close(normal_quantile(0.975), 1.959_963_985));
    }

    #[test]
    fn a_quantile_is_the_inverse_of_the_share() {
        for text in VALID.into_iter().filter(|t| !t.starts_with("constant")) {
            let latency = parse(text);
            for share in [0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999] {
                // Rounded to nanoseconds, hence the coarse comparison for the shortest ones.
                let there_and_back = latency.share_within(latency.quantile(share));
                assert!((there_and_back - share).abs() < 1e-4, "{text} {share}");
            }
        }
        assert_eq!(parse("constant:5").quantile(0.3), millis(5));
    }

    #[test]
    fn quantiles_have_ends() {
        let quantile = |text: &str, share| parse(text).quantile(share);
        assert_eq!(quantile("uniform:100..600", 0.0), millis(100));
        assert_eq!(quantile("uniform:100..600", -1.0), millis(100));
        assert_eq!(quantile("uniform:100..600", f64::NAN), millis(100));
        assert_eq!(quantile("uniform:100..600", 2.0), millis(600));
        assert!(quantile("exponential:200", 1.0) < Duration::from_secs(10));
        assert!(quantile("lognormal:86400000,10", 1.0) <= Duration::MAX);
    }

    #[test]
    fn samples_are_steps() {
        let latency = Latency::observed([30, 10, 20, 20].map(millis).to_vec()).unwrap();
        let shares = [9, 10, 19, 20, 30].map(|t| latency.share_within(millis(t)));
        assert_eq!(shares, [0.0, 0.25, 0.25, 0.75, 1.0]);
        let quantiles = [0.0, 0.25, 0.26, 0.75, 0.76, 1.0].map(|s| latency.quantile(s));
        assert_eq!(quantiles, [10, 10, 20, 20, 30, 30].map(millis));
        let ten = Latency::observed((1..=10).map(millis).collect()).unwrap();
        for n in 1..=10_u32 {
            assert_eq!(ten.quantile(f64::from(n) * 0.1), millis(n.into()));
        }
    }

    #[test]
    fn samples_are_read_from_lines() {
        let latency = Latency::from_lines("# of today\n\n 30 \n10.5\n\r\n").unwrap();
        let expected = vec![millis(30), Duration::from_micros(10_500)];
        assert_eq!(latency, Latency::observed(expected).unwrap());
        assert_eq!(latency.to_string(), "2 observed");
    }

    #[test]
    fn a_bad_line_is_named() {
        let refusal = Latency::from_lines("# one\n10\n\n20 ms\n-1").unwrap_err();
        assert!(refusal.to_string().starts_with("line 4: \"20 ms\" is no"));
        assert_eq!(
            Latency::from_lines("# none\n\n"),
            Err(BadLatency::NoSamples)
        );
        assert_eq!(Latency::observed(Vec::new()), Err(BadLatency::NoSamples));
    }
}
