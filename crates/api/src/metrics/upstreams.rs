//! What upstreams count, told as metrics; the same numbers as in `GET /v1/upstreams`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use upstreams::{CircuitState, HistogramCounts, Numbers, Upstreams};

use super::{Distribution, Families};

const CIRCUIT: [CircuitState; 3] = [
    CircuitState::Closed,
    CircuitState::Open,
    CircuitState::HalfOpen,
];

/// Upstreams, with what has been told of them.
pub(crate) struct UpstreamMetrics {
    upstreams: Upstreams,
    /// Of each upstream the failures told last. They are a difference of two counters, which could shrink
    /// for the moment between the two; and a counter that shrinks is taken for one that begins anew.
    failed: BTreeMap<String, AtomicU64>,
}

impl UpstreamMetrics {
    pub(crate) fn new(upstreams: Upstreams) -> Self {
        let failed = upstreams
            .iter()
            .map(|(name, _)| (name.to_owned(), AtomicU64::new(0)));
        UpstreamMetrics {
            failed: failed.collect(),
            upstreams,
        }
    }

    pub(crate) fn tell(&self, to: &mut Families) {
        let all = self.upstreams.iter();
        let all: Vec<(&str, Numbers)> = all.map(|(name, u)| (name, u.numbers())).collect();
        tell_calls(&all, to);
        tell_attempts(&all, to);
        self.tell_ends(&all, to);
        tell_refusals(&all, to);
        tell_latencies(&all, to);
        tell_present(&all, to);
    }

    fn tell_ends(&self, all: &[(&str, Numbers)], to: &mut Families) {
        let mut ended = to.counter(
            "agon_upstream_attempts_ended_total",
            "Attempts that did not succeed: failed, answered with what was no success (invalid), given up (cancelled), or under way at the deadline (timed_out).",
        );
        for (name, numbers) in all {
            let hedging = &numbers.hedging;
            for (outcome, count) in [
                ("failed", self.failed(name, numbers)),
                ("invalid", numbers.invalid),
                ("cancelled", hedging.cancelled),
                ("timed_out", hedging.timed_out),
            ] {
                ended.whole(&[("upstream", name), ("outcome", outcome)], count);
            }
        }
    }

    /// Failures other than invalid answers.
    fn failed(&self, name: &str, numbers: &Numbers) -> u64 {
        let now = numbers.hedging.failed.saturating_sub(numbers.invalid);
        let told = self.failed.get(name);
        told.map_or(now, |told| told.fetch_max(now, Ordering::Relaxed).max(now))
    }
}

fn tell_calls(all: &[(&str, Numbers)], to: &mut Families) {
    let mut calls = to.counter(
        "agon_upstream_calls_total",
        "Calls to the upstream that were let through.",
    );
    for (name, numbers) in all {
        calls.whole(&[("upstream", name)], numbers.hedging.calls);
    }
    let mut coalesced = to.counter(
        "agon_upstream_calls_coalesced_total",
        "Calls that shared the answer of another one.",
    );
    for (name, numbers) in all {
        coalesced.whole(&[("upstream", name)], numbers.coalesced);
    }
}

fn tell_attempts(all: &[(&str, Numbers)], to: &mut Families) {
    let mut sent = to.counter(
        "agon_upstream_attempts_total",
        "Attempts sent, by their number within the call.",
    );
    for (name, numbers) in all {
        for (number, count) in numbers.hedging.sent.iter().enumerate() {
            let number = (number + 1).to_string();
            sent.whole(&[("upstream", name), ("attempt", &number)], *count);
        }
    }
    let mut won = to.counter(
        "agon_upstream_wins_total",
        "Calls answered, by the number of the attempt that answered them.",
    );
    for (name, numbers) in all {
        for (number, count) in numbers.hedging.won.iter().enumerate() {
            let number = (number + 1).to_string();
            won.whole(&[("upstream", name), ("attempt", &number)], *count);
        }
    }
}

fn tell_refusals(all: &[(&str, Numbers)], to: &mut Families) {
    let mut withheld = to.counter(
        "agon_upstream_hedges_withheld_total",
        "Hedges not sent: over the budget, held back since the upstream had asked for a pause (pushback), or too late to make it.",
    );
    for (name, numbers) in all {
        let hedging = &numbers.hedging;
        for (reason, count) in [
            ("budget", hedging.budget_exhausted),
            ("pushback", hedging.held_back),
            ("too_late", hedging.too_late),
        ] {
            withheld.whole(&[("upstream", name), ("reason", reason)], count);
        }
    }
    let mut refused = to.counter(
        "agon_upstream_calls_refused_total",
        "Calls refused: too many were under way (busy), or the circuit was open.",
    );
    for (name, numbers) in all {
        for (reason, count) in [("busy", numbers.busy), ("circuit", numbers.circuit_refused)] {
            refused.whole(&[("upstream", name), ("reason", reason)], count);
        }
    }
}

fn tell_latencies(all: &[(&str, Numbers)], to: &mut Families) {
    let mut attempts = to.histogram(
        "agon_upstream_attempt_duration_seconds",
        "How long attempts took that succeeded or failed.",
    );
    for (name, numbers) in all {
        let of = distribution(&numbers.hedging.attempt_latency);
        attempts.distribution(&[("upstream", name)], &of);
    }
    let mut answers = to.histogram(
        "agon_upstream_answer_duration_seconds",
        "How long calls took that were answered with a success.",
    );
    for (name, numbers) in all {
        let of = distribution(&numbers.hedging.answer_latency);
        answers.distribution(&[("upstream", name)], &of);
    }
}

fn tell_present(all: &[(&str, Numbers)], to: &mut Families) {
    let mut gauge = |name: &str, help: &str, value: fn(&Numbers) -> f64| {
        let mut values = to.gauge(name, help);
        for (upstream, numbers) in all {
            values.value(&[("upstream", upstream)], value(numbers));
        }
    };
    gauge("agon_upstream_calls_in_flight", "Calls under way.", |n| {
        n.calls_in_flight as f64
    });
    gauge(
        "agon_upstream_attempts_in_flight",
        "Attempts under way.",
        |n| n.hedging.in_flight as f64,
    );
    gauge(
        "agon_upstream_endpoints",
        "URLs that the upstream has.",
        |n| n.endpoints as f64,
    );
    gauge(
        "agon_upstream_endpoints_in_use",
        "URLs of the upstream that are not left out for a while.",
        |n| n.endpoints_in_use as f64,
    );
    gauge(
        "agon_upstream_hedge_delay_seconds",
        "How long the first attempt is given before hedges are sent.",
        |n| n.hedging.delay.as_secs_f64(),
    );
    let mut circuit = to.gauge(
        "agon_upstream_circuit_state",
        "1 for the state that the circuit is in, 0 for the others.",
    );
    for (name, numbers) in all {
        for state in CIRCUIT {
            let labels = [("upstream", *name), ("state", state.as_str())];
            circuit.flag(&labels, numbers.circuit == state);
        }
    }
}

fn distribution(counts: &HistogramCounts) -> Distribution {
    let finite = counts.at_most.iter().filter(|(bound, _)| bound.is_finite());
    Distribution {
        at_most: finite.copied().collect(),
        count: counts.count(),
        sum: counts.sum_s,
    }
}
