//! What a run came to, for people and as JSON.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use crate::args::Args;
use crate::schedule::Schedule;
use crate::tally::Tally;

const SHARES: [(&str, f64); 6] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("p99.99", 0.9999),
    ("max", 1.0),
];

/// Milliseconds that a share of the requests did not exceed.
#[derive(Serialize)]
struct Percentiles(BTreeMap<&'static str, f64>);

impl Percentiles {
    /// Of times in microseconds, sorted.
    fn new(sorted: &[u32]) -> Self {
        let of = |(name, share)| (name, percentile_ms(sorted, share));
        Percentiles(SHARES.into_iter().map(of).collect())
    }

    fn row(&self, name: &str) -> String {
        let column = |(share, _): &(&str, f64)| {
            let ms = self.0.get(share).copied().unwrap_or_default();
            format!("{ms:>10.2}")
        };
        format!(
            "{name:<12}{}",
            SHARES.iter().map(column).collect::<String>()
        )
    }
}

/// The nearest rank: the least that so large a share did not exceed.
fn percentile_ms(sorted: &[u32], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    let found = sorted.get(rank.saturating_sub(1)).or(sorted.last());
    found.map_or(0.0, |us| f64::from(*us) / 1000.0)
}

/// What a run came to.
#[derive(Serialize)]
pub(crate) struct Report {
    request: String,
    connections: u32,
    requests: u64,
    asked_per_s: f64,
    /// Replies for each second in which requests were sent. The time of the last reply is none of it: it would
    /// make a short run against a slow server look as if that kept fewer going.
    achieved_per_s: f64,
    statuses: BTreeMap<u16, u64>,
    faults: BTreeMap<&'static str, u64>,
    failed: u64,
    from_due_ms: Percentiles,
    from_sent_ms: Percentiles,
    sent_late_ms: Percentiles,
}

impl Report {
    pub(crate) fn new(args: &Args, schedule: Schedule, tally: Tally) -> Self {
        let latencies = tally.latencies();
        let replies: u64 = tally.statuses.values().sum();
        let failures = tally
            .statuses
            .iter()
            .filter(|(s, _)| args.what.is_failure(**s));
        let failed = failures.map(|(_, n)| n).sum::<u64>() + tally.faults.values().sum::<u64>();
        let faults = tally.faults.iter().map(|(fault, n)| (fault.name(), *n));
        let time = tally.sending.max(schedule.due(schedule.count()));
        Report {
            request: args.what.name(),
            connections: args.connections,
            requests: schedule.count(),
            asked_per_s: schedule.rate(),
            achieved_per_s: replies as f64 / time.as_secs_f64(),
            failed,
            faults: faults.collect(),
            from_due_ms: Percentiles::new(&latencies.from_due),
            from_sent_ms: Percentiles::new(&latencies.from_sent),
            sent_late_ms: Percentiles::new(&latencies.sent_late),
            statuses: tally.statuses,
        }
    }

    /// Requests without a reply, and those with a status that is none of success.
    pub(crate) fn failed(&self) -> u64 {
        self.failed
    }

    /// To standard output.
    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        let text = if json {
            serde_json::to_string_pretty(self)?
        } else {
            self.table()
        };
        Ok(writeln!(std::io::stdout(), "{text}")?)
    }

    fn table(&self) -> String {
        let statuses = self.statuses.iter().map(|(s, n)| format!("{n} with {s}"));
        let faults = self.faults.iter().map(|(fault, n)| format!("{n} {fault}"));
        let outcomes: Vec<String> = statuses.chain(faults).collect();
        let heads = SHARES.iter().map(|(name, _)| format!("{name:>10}"));
        [
            format!("{} over {} connections", self.request, self.connections),
            format!(
                "asked for    {:.0}/s, {} requests",
                self.asked_per_s, self.requests
            ),
            format!(
                "achieved     {:.0}/s: {}",
                self.achieved_per_s,
                outcomes.join(", ")
            ),
            format!("failed       {}", self.failed),
            format!("{:<12}{}", "ms", heads.collect::<String>()),
            self.from_due_ms.row("from due"),
            self.from_sent_ms.row("from sent"),
            self.sent_late_ms.row("sent late"),
        ]
        .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_of_the_nearest_rank() {
        let times: Vec<u32> = (1..=1000).map(|ms| ms * 1000).collect();
        assert_eq!(percentile_ms(&times, 0.5), 500.0);
        assert_eq!(percentile_ms(&times, 0.99), 990.0);
        assert_eq!(percentile_ms(&times, 0.999), 999.0);
        assert_eq!(percentile_ms(&times, 0.9999), 1000.0);
        assert_eq!(percentile_ms(&times, 1.0), 1000.0);
        assert_eq!(percentile_ms(&times[..1], 0.5), 1.0);
        assert_eq!(percentile_ms(&[], 0.5), 0.0);
    }
}
