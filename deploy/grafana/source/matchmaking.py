"""Queues: who waits and how long, what becomes of tickets, how good the matches are, how the matchmaker does."""

from .dashboard import SERIES, dashboard as make, variable
from .panels import BAD, GOOD, WARN, figure, graph, heatmap, quantiles, query, steps

QUEUE = SERIES + ', queue=~"$queue"'
MATCH = SERIES + ', route="/v1/match"'


def dashboard():
    return make(
        "matchmaking",
        "Agon matchmaking",
        "Tickets, waits, matches, the matchmaker, and requests of POST /v1/match.",
        [
            ("Now", now()),
            ("Tickets", tickets()),
            ("Waits", waits()),
            ("Quality", quality()),
            ("The matchmaker", matchmaker()),
            ("Requests for matches", requests()),
        ],
        [variable("queue", "Queue", "agon_queue_tickets_waiting")],
    )


def now():
    return [
        figure("Tickets waiting", "In the queues chosen.", f"sum(agon_queue_tickets_waiting{{{QUEUE}}})", width=6),
        figure(
            "Longest wait",
            "Of a ticket that still waits.",
            f"max(agon_queue_oldest_wait_seconds{{{QUEUE}}})",
            unit="s",
            thresholds=steps(GOOD, (120, WARN), (300, BAD)),
            width=6,
        ),
        figure(
            "Matches a minute",
            "Matches that came about, over five minutes.",
            f"60 * sum(rate(agon_queue_matches_total{{{QUEUE}}}[5m]))",
            decimals=1,
            width=6,
        ),
        figure(
            "Tickets that expire",
            "Of those that ended in 15 minutes, in the worst of the queues.",
            f"max(instance_queue:agon_queue_tickets_expired:ratio_rate15m{{{QUEUE}}})",
            unit="percentunit",
            thresholds=steps(GOOD, (0.05, WARN), (0.2, BAD)),
            width=6,
        ),
    ]


def tickets():
    return [
        graph(
            "Waiting",
            "Tickets that wait, by queue.",
            [query(f"sum by (queue) (agon_queue_tickets_waiting{{{QUEUE}}})", "{{queue}}")],
        ),
        graph(
            "What becomes of tickets",
            "Tickets made, and how they ended.",
            [query(f"sum by (outcome) (rate(agon_queue_tickets_total{{{QUEUE}}}[$__rate_interval]))", "{{outcome}}")],
            unit="ops",
        ),
        graph(
            "Matches",
            "Matches that came about, by queue.",
            [query(f"sum by (queue) (rate(agon_queue_matches_total{{{QUEUE}}}[$__rate_interval]))", "{{queue}}")],
            unit="ops",
        ),
    ]


def waits():
    buckets = f"agon_queue_wait_seconds_bucket{{{QUEUE}}}"
    return [
        graph(
            "Longest wait by queue",
            "Of a ticket that still waits. The line is where AgonTicketsWaitTooLong begins.",
            [query(f"max by (queue) (agon_queue_oldest_wait_seconds{{{QUEUE}}})", "{{queue}}")],
            unit="s",
            limit=300,
        ),
        graph(
            "Waits of matched tickets",
            "95 % had waited at most so long, over 15 minutes.",
            [query(f"max by (queue) (instance_queue:agon_queue_wait_seconds:p95_rate15m{{{QUEUE}}})", "{{queue}}")],
            unit="s",
        ),
        heatmap("Waits", "How many matched tickets had waited how long.", buckets),
    ]


def quality():
    buckets = f"agon_queue_rating_spread_bucket{{{QUEUE}}}"
    return [
        graph(
            "Rating spread",
            "Distance between the highest and the lowest rating in a match: half and 95 % of matches are at most so wide.",
            quantiles(buckets, 0.5, 0.95, by="queue"),
            width=12,
        ),
        heatmap(
            "Rating spreads",
            "How many matches had which spread.",
            buckets,
            unit="none",
            width=12,
        ),
    ]


def matchmaker():
    buckets = f"agon_matchmaker_pass_duration_seconds_bucket{{{SERIES}}}"
    return [
        graph(
            "Looks at queues",
            "How often the matchmaker looked for matches; at least once a second while tickets wait.",
            [query(f"sum by (instance) (rate(agon_matchmaker_pass_duration_seconds_count{{{SERIES}}}[$__rate_interval]))")],
            unit="ops",
            width=12,
        ),
        graph(
            "Duration of a look",
            "The line is where AgonMatchmakerSlow begins, for the 99th percentile over five minutes.",
            quantiles(buckets, 0.5, 0.99),
            unit="s",
            limit=1,
            width=12,
        ),
    ]


def requests():
    buckets = f"http_request_duration_seconds_bucket{{{MATCH}}}"
    return [
        graph(
            "Requests for matches",
            "POST /v1/match by status; 503: too many at once, or longer than the deadline.",
            [query(f"sum by (status) (rate(http_requests_total{{{MATCH}}}[$__rate_interval]))", "{{status}}")],
            unit="reqps",
            stacked=True,
        ),
        graph(
            "Requests under way",
            "Requests of POST /v1/match being reckoned, each on a core.",
            [query(f"sum by (instance) (agon_match_requests_in_flight{{{SERIES}}})")],
        ),
        graph(
            "Latency of requests",
            "Half and 99 % of POST /v1/match took at most so long.",
            quantiles(buckets, 0.5, 0.99),
            unit="s",
        ),
    ]
