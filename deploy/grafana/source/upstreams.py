"""Upstreams: whether calls are answered, by which attempt, how fast, and what hedging costs."""

from .dashboard import SERIES, dashboard as make, variable
from .panels import BAD, GOOD, WARN, figure, graph, quantiles, query, states, steps, words

UPSTREAM = SERIES + ', upstream=~"$upstream"'


def dashboard():
    return make(
        "upstreams",
        "Agon upstreams",
        "Hedged calls: answers, attempts, budgets, circuits and latency of each upstream.",
        [("Now", now()), ("Calls", calls()), ("Attempts", attempts()), ("Latency", latency())],
        [variable("upstream", "Upstream", "agon_upstream_calls_total")],
    )


def rate(metric, by):
    return f"sum by ({by}) (rate({metric}{{{UPSTREAM}}}[$__rate_interval]))"


def now():
    return [
        figure(
            "Calls answered",
            "In time and with a success, hedges included, over five minutes: the worst of the upstreams chosen.",
            f"min(instance_upstream:agon_upstream_answered:ratio_rate5m{{{UPSTREAM}}})",
            unit="percentunit",
            thresholds=steps(BAD, (0.9, WARN), (0.99, GOOD)),
            width=6,
        ),
        figure(
            "Hedges for each call",
            "Attempts beyond the first, over five minutes: the load that hedging adds, in the upstream where it is most.",
            f"max(instance_upstream:agon_upstream_hedges:ratio_rate5m{{{UPSTREAM}}})",
            decimals=2,
            width=6,
        ),
        figure(
            "Circuits open",
            "Upstreams to which calls are refused, or were within two minutes.",
            f"sum(instance_upstream:agon_upstream_circuit_open:max2m{{{UPSTREAM}}})",
            thresholds=steps(GOOD, (1, BAD)),
            width=6,
        ),
        figure(
            "URLs in use",
            "Of those configured; the others are left out for a while since they fail.",
            f"min(instance_upstream:agon_upstream_endpoints_in_use:ratio{{{UPSTREAM}}})",
            unit="percentunit",
            thresholds=steps(BAD, (0.5, WARN), (1, GOOD)),
            width=6,
        ),
    ]


def calls():
    circuit = "agon_upstream_circuit_state{%s, state=\"%s\"}"
    half, whole = circuit % (UPSTREAM, "half_open"), circuit % (UPSTREAM, "open")
    return [
        graph("Calls", "Calls that were let through.", [query(rate("agon_upstream_calls_total", "upstream"), "{{upstream}}")], unit="reqps"),
        graph(
            "Share of calls answered",
            "In time and with a success, over five minutes. AgonUpstreamFailing begins below 90 %.",
            [query(f"instance_upstream:agon_upstream_answered:ratio_rate5m{{{UPSTREAM}}}", "{{upstream}} {{instance}}")],
            unit="percentunit",
            top=1,
        ),
        graph(
            "Calls refused",
            "busy: as many were under way as may be; circuit: every attempt had failed for a while.",
            [query(rate("agon_upstream_calls_refused_total", "upstream, reason"), "{{upstream}} {{reason}}")],
            unit="reqps",
        ),
        graph(
            "Under way",
            "Calls and attempts at this moment.",
            [
                query(f"sum by (upstream) (agon_upstream_calls_in_flight{{{UPSTREAM}}})", "calls {{upstream}}"),
                query(f"sum by (upstream) (agon_upstream_attempts_in_flight{{{UPSTREAM}}})", "attempts {{upstream}}"),
            ],
        ),
        graph(
            "Calls that shared an answer",
            "Calls for the same that were answered with one, where `coalesce` is on.",
            [query(rate("agon_upstream_calls_coalesced_total", "upstream"), "{{upstream}}")],
            unit="reqps",
        ),
        states(
            "Circuits",
            "closed: calls go through; open: they are refused; half open: one may try.",
            [
                query(
                    f"sum by (instance, upstream) ({half}) + 2 * sum by (instance, upstream) ({whole})",
                    "{{upstream}} {{instance}}",
                )
            ],
            words(_0=("closed", GOOD), _1=("half open", WARN), _2=("open", BAD)),
        ),
    ]


def attempts():
    return [
        graph(
            "Attempts sent",
            "The first of their calls, the second, and so on.",
            [query(rate("agon_upstream_attempts_total", "attempt"), "attempt {{attempt}}")],
            unit="reqps",
            stacked=True,
        ),
        graph(
            "Calls answered, by attempt",
            "Which attempt's answer was the reply: what hedges are worth.",
            [query(rate("agon_upstream_wins_total", "attempt"), "attempt {{attempt}}")],
            unit="reqps",
            stacked=True,
        ),
        graph(
            "Attempts ended",
            "Those without success. invalid: no success by its type, size or content; cancelled: another won or the caller went away.",
            [query(rate("agon_upstream_attempts_ended_total", "outcome"), "{{outcome}}")],
            unit="reqps",
        ),
        graph(
            "Hedges not sent",
            "budget: used up; pushback: the upstream asked for a pause; too_late: they could not have made it.",
            [query(rate("agon_upstream_hedges_withheld_total", "upstream, reason"), "{{upstream}} {{reason}}")],
            unit="reqps",
        ),
        graph(
            "Hedges over the budget",
            "For each call, over five minutes. The line is where AgonHedgeBudgetExhausted begins.",
            [query(f"instance_upstream:agon_upstream_hedges_over_budget:ratio_rate5m{{{UPSTREAM}}}", "{{upstream}} {{instance}}")],
            unit="percentunit",
            limit=0.1,
        ),
        graph(
            "Hedge delay",
            "How long the first attempt is given before hedges are sent.",
            [query(f"max by (upstream) (agon_upstream_hedge_delay_seconds{{{UPSTREAM}}})", "{{upstream}}")],
            unit="s",
        ),
    ]


def latency():
    def percentiles(metric):
        return quantiles(f"{metric}{{{UPSTREAM}}}", 0.5, 0.95, 0.99, by="upstream")

    return [
        graph(
            "Latency of answers",
            "What callers wait for: calls that were answered with a success.",
            percentiles("agon_upstream_answer_duration_seconds_bucket"),
            unit="s",
            width=12,
        ),
        graph(
            "Latency of attempts",
            "What the upstream takes: attempts that succeeded or failed. Those given up are left out, so it is slower than this.",
            percentiles("agon_upstream_attempt_duration_seconds_bucket"),
            unit="s",
            width=12,
        ),
    ]
