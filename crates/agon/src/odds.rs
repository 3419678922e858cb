//! `agon hedge-odds`: what a hedging policy is worth for a given upstream, before it is switched on.
//!
//! The numbers come from the formulas in [`hedge::odds`]; no request is sent.

use std::time::Duration;

use clap::{Args, value_parser};
use hedge::MAX_HEDGES;
use hedge::latency::{BadLatency, Latency};
use hedge::odds::{Call, Odds};

/// Ten minutes: nobody waits longer for an upstream.
const LONGEST_MS: u64 = 600_000;
/// Before the path of a file with samples, where a latency is expected.
const SAMPLES: &str = "file:";

/// An upstream and a policy.
#[derive(Args)]
pub(crate) struct HedgeOddsArgs {
    /// How long the smart policy waits before it hedges, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 300,
          value_parser = value_parser!(u64).range(0..=LONGEST_MS))]
    delay_ms: u64,
    /// Attempts that may follow the first
    #[arg(long, value_name = "N", default_value_t = 2,
          value_parser = value_parser!(u32).range(0..=i64::from(MAX_HEDGES)))]
    hedges: u32,
    /// When an answer is no longer of use, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000,
          value_parser = value_parser!(u64).range(0..=LONGEST_MS))]
    deadline_ms: u64,
    /// uniform:100..600, constant:5, exponential:MEAN, lognormal:MEDIAN,SIGMA, or file:PATH with
    /// samples, one a line; all in milliseconds
    #[arg(long, default_value = "uniform:100..600", value_parser = parse_latency)]
    latency: Latency,
    /// Share of attempts that fail, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = parse_share)]
    errors: f64,
    /// Extra calls per request that the best delay may cost on average
    #[arg(long, value_name = "CALLS", default_value_t = 0.2, value_parser = parse_budget)]
    budget: f64,
}

impl HedgeOddsArgs {
    /// A table of the policies, and a line on the best delay.
    pub(crate) fn report(&self) -> String {
        let call = self.call();
        let smart = call.smart(Duration::from_millis(self.delay_ms));
        let head = format!(
            "{:<12} {:>8}  {:>17}",
            "policy", "in time", "calls per request"
        );
        [
            head,
            row("single", call.single()),
            row("all at once", call.all()),
            row("smart", smart),
            self.advice(&call),
        ]
        .join("\n")
    }

    fn call(&self) -> Call<'_> {
        Call {
            latency: &self.latency,
            errors: self.errors,
            hedges: self.hedges,
            deadline: Duration::from_millis(self.deadline_ms),
        }
    }

    fn advice(&self, call: &Call) -> String {
        let budget = self.budget;
        let Some(best) = call.best_delay(budget) else {
            return format!("no delay keeps within {budget} extra calls per request");
        };
        let delay = if best.delay < call.deadline {
            format!("{:.1} ms", best.delay.as_secs_f64() * 1000.0)
        } else {
            "the deadline, for hedges after failures alone".to_owned()
        };
        let (in_time, calls) = (percent(best.odds.in_time), best.odds.calls);
        format!(
            "best delay within {budget} extra calls per request: {delay} \
             ({in_time} in time, {calls:.2} calls)"
        )
    }
}

fn row(policy: &str, odds: Odds) -> String {
    let in_time = percent(odds.in_time);
    format!("{policy:<12} {in_time:>8}  {:>17.2}", odds.calls)
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// A latency as it is written on the command line: one of [`Latency`]'s own forms, or a file with
/// samples, which is read at once.
pub(crate) fn parse_latency(text: &str) -> Result<Latency, String> {
    match text.strip_prefix(SAMPLES) {
        Some(path) => read_samples(path),
        None => text.parse().map_err(|e: BadLatency| e.to_string()),
    }
}

/// The whole reason in one text, since the command line prints no sources of an error.
fn read_samples(path: &str) -> Result<Latency, String> {
    let samples = std::fs::read_to_string(path);
    let samples = samples.map_err(|e| format!("cannot read {path}: {e}"))?;
    Latency::from_lines(&samples).map_err(|e| format!("{path}: {e}"))
}

/// A share from 0 to 1.
pub(crate) fn parse_share(text: &str) -> Result<f64, &'static str> {
    let share = text.parse().ok();
    let share = share.filter(|s| (0.0..=1.0).contains(s));
    share.ok_or("expected a share from 0 to 1, such as 0.05")
}

fn parse_budget(text: &str) -> Result<f64, &'static str> {
    let budget = text.parse().ok();
    let budget = budget.filter(|b: &f64| b.is_finite() && *b >= 0.0);
    budget.ok_or("expected a number of calls from 0 on, such as 0.2")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: HedgeOddsArgs,
    }

    fn parse(flags: &str) -> Result<HedgeOddsArgs, String> {
        let words = std::iter::once("agon").chain(flags.split_whitespace());
        let line = Line::try_parse_from(words);
        line.map(|l| l.args).map_err(|e| e.to_string())
    }

    fn report(flags: &str) -> String {
        parse(flags).unwrap().report()
    }

    fn refusal(flags: &str) -> String {
        parse(flags).err().unwrap()
    }

    #[test]
    fn the_report_is_a_table_with_advice() {
        let text = report("--deadline-ms 600 --errors 0.2 --budget 0.4");
        let expected = "\
policy        in time  calls per request
single        80.00 %               1.00
all at once   99.20 %               3.00
smart         92.22 %               2.36
best delay within 0.4 extra calls per request: ";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn the_defaults_are_a_slow_upstream_without_errors() {
        let text = report("");
        let explicit = "--delay-ms 300 --hedges 2 --deadline-ms 1000 --errors 0 --budget 0.2";
        assert_eq!(
            text,
            report(&format!("{explicit} --latency uniform:100..600"))
        );
        assert!(text.contains("single       100.00 %               1.00"));
    }

    #[test]
    fn the_best_delay_is_told() {
        let text = report("--deadline-ms 300 --latency uniform:100..600 --budget 1.8");
        let line = text.lines().last().unwrap();
        // At 150 the budget is used up; the tenth more costs no share worth telling.
        assert!(line.contains("1.8 extra calls per request: 150.1 ms ("));
        assert!(line.ends_with("2.80 calls)"), "{line}");
        let text = report("--deadline-ms 300 --errors 0.2 --budget 0.2");
        assert!(
            text.contains("failures alone (32.61 % in time, 1.16 calls)"),
            "{text}"
        );
        let text = report("--deadline-ms 600 --errors 0.2 --budget 0.1");
        assert!(text.ends_with("no delay keeps within 0.1 extra calls per request"));
    }

    #[test]
    fn samples_come_from_a_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "# measured\n10\n\n2000").unwrap();
        let flags = format!("--latency file:{}", file.path().display());
        assert!(report(&flags).contains("single        50.00 %"));
        writeln!(file, "soon").unwrap();
        assert!(parse_latency("file:").is_err());
        let refusal = parse_latency(&flags["--latency ".len()..]).unwrap_err();
        assert!(refusal.contains("line 5: \"soon\" is no latency"));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        assert!(refusal("--errors 1.1").contains("from 0 to 1"));
        assert!(refusal("--errors NaN").contains("from 0 to 1"));
        assert!(refusal("--errors=-0.1").contains("from 0 to 1"));
        assert!(refusal("--hedges 17").contains("0..=16"));
        assert!(refusal("--delay-ms 600001").contains("0..=600000"));
        assert!(refusal("--deadline-ms 600001").contains("0..=600000"));
        assert!(refusal("--budget=-1").contains("from 0 on"));
        assert!(refusal("--budget inf").contains("from 0 on"));
        assert!(refusal("--latency slow").contains("uniform:100..600"));
        assert!(refusal("--latency file:/no/such").contains("cannot read /no/such: No such"));
    }
}
