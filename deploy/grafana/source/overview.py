"""The first look: is it there, does it serve, how fast."""

from .dashboard import SERIES, dashboard as make
from .panels import BAD, GOOD, WARN, figure, graph, heatmap, query, stat, steps, words

SMALL = "Small requests are those that do one thing: no bulk bodies, streams, calls to upstreams or waits for a match."

FIRING = 'ALERTS{alertname=~"Agon.+", alertstate="firing"}'
# Without it the graph would have nothing to show as long as all is well, which looks like a fault of its own.
NONE = 'label_replace(vector(0), "alertname", "none", "", "")'


def dashboard():
    return make(
        "overview",
        "Agon overview",
        "Health, requests, errors and latency of Agon.",
        [("Health", health()), ("Requests", requests()), ("Latency", latency()), ("Connections", connections())],
    )


def health():
    return [
        stat(
            "Nodes that answer",
            "Instances whose metrics Prometheus can read, and those it is to read.",
            [
                query(f"sum(up{{{SERIES}}})", "answer"),
                query(f"count(up{{{SERIES}}})", "of"),
            ],
            thresholds=steps(BAD, (1, GOOD)),
        ),
        figure(
            "Ready",
            "Whether all of them say at /readyz that they take traffic.",
            f"min(agon_ready{{{SERIES}}})",
            mappings=words(_0=("no", BAD), _1=("yes", GOOD)),
        ),
        figure(
            "Store",
            "Whether the stores of all of them take changes.",
            f"min(agon_store_available{{{SERIES}}})",
            mappings=words(_0=("no changes", BAD), _1=("available", GOOD)),
        ),
        figure(
            "Alerts firing",
            "Of the alerts in deploy/prometheus/rules; docs/alerts.md says what to do.",
            f"count({FIRING}) or vector(0)",
            thresholds=steps(GOOD, (1, BAD)),
        ),
        figure(
            "Running for",
            "Since the latest start of any of them.",
            f"min(agon_uptime_seconds{{{SERIES}}})",
            unit="s",
        ),
        figure(
            "Answered scrapes",
            "Share of the time shown in which metrics could be read, on average over instances.",
            f"avg(avg_over_time(up{{{SERIES}}}[$__range]))",
            unit="percentunit",
            thresholds=steps(BAD, (0.99, WARN), (0.999, GOOD)),
        ),
        graph(
            "Alerts",
            "Those that fire, by name and the number of their series; none stands for no alert. docs/alerts.md says what to do.",
            [query(f"count by (alertname) ({FIRING}) or {NONE}", "{{alertname}}")],
            stacked=True,
            width=24,
        ),
    ]


def requests():
    rate = "rate(http_requests_total{%s}[$__rate_interval])"
    return [
        graph(
            "Requests by status",
            "All requests, by the status of their replies.",
            [query(f"sum by (status) ({rate % SERIES})", "{{status}}")],
            unit="reqps",
            stacked=True,
        ),
        graph(
            "Requests by route",
            "The ten routes with the most requests.",
            [query(f"topk(10, sum by (method, route) ({rate % SERIES}))", "{{method}} {{route}}")],
            unit="reqps",
        ),
        graph(
            "Share of own requests that fail",
            "Status 500 or above over five minutes; calls to upstreams and probes are not counted. The line is where AgonErrors begins.",
            [query(f"instance:agon_http_own_errors:ratio_rate5m{{{SERIES}}}")],
            unit="percentunit",
            limit=0.05,
        ),
        graph(
            "Errors by route",
            "Status 500 or above, those of calls to upstreams included.",
            [query("sum by (route, status) (" + rate % (SERIES + ', status=~"5.."') + ")", "{{status}} {{route}}")],
            unit="reqps",
        ),
        graph(
            "Refused requests",
            "By status: 401 no valid key, 403 not allowed to, 404 not there, 429 too many, 503 overload and the like.",
            [query("sum by (status) (" + rate % (SERIES + ', status=~"4..|503"') + ")", "{{status}}")],
            unit="reqps",
            stacked=True,
        ),
        graph(
            "Requests under way",
            "Being served at this moment; streams count until their head is sent.",
            [query(f"sum by (instance) (http_requests_in_flight{{{SERIES}}})")],
        ),
    ]


def latency():
    buckets = f"http_request_duration_seconds_bucket{{{SERIES}}}"
    recorded = "instance:agon_http_prompt_duration_seconds:%s_rate5m{%s}"
    return [
        figure(
            "Small requests within 100 ms",
            f"Share over five minutes. {SMALL}",
            f"min(instance:agon_http_prompt_under_100ms:ratio_rate5m{{{SERIES}}})",
            unit="percentunit",
            thresholds=steps(BAD, (0.95, WARN), (0.99, GOOD)),
            width=6,
        ),
        *[
            figure(
                f"Small requests, {share} within",
                f"The slowest instance, over five minutes. {SMALL}",
                f"max({recorded % (name, SERIES)})",
                unit="s",
                thresholds=steps(GOOD, (0.1, WARN), (0.5, BAD)),
                width=6,
            )
            for share, name in [("50 %", "p50"), ("95 %", "p95"), ("99 %", "p99")]
        ],
        graph(
            "Latency of small requests",
            f"Percentiles over five minutes. {SMALL} The line is where AgonSlow begins, for the 99th.",
            [query(recorded % (name, SERIES), f"{name} {{{{instance}}}}") for name in ["p50", "p95", "p99"]],
            unit="s",
            limit=0.5,
        ),
        graph(
            "Share of small requests within 100 ms",
            f"Over five minutes. {SMALL} AgonFewUnder100ms begins below 95 %.",
            [query(f"instance:agon_http_prompt_under_100ms:ratio_rate5m{{{SERIES}}}")],
            unit="percentunit",
            top=1,
        ),
        graph(
            "Latency by route",
            "99th percentile of the ten slowest routes, from the request's arrival to the head of its reply.",
            [
                query(
                    f"topk(10, histogram_quantile(0.99, sum by (le, method, route) (rate({buckets}[$__rate_interval]))))",
                    "{{method}} {{route}}",
                )
            ],
            unit="s",
        ),
        heatmap(
            "Latency of all requests",
            "How many requests took how long, those that wait on purpose included.",
            buckets,
            width=24,
        ),
    ]


def connections():
    return [
        graph(
            "Connections",
            "Open connections, idle ones included. The line is where AgonConnectionsNearlyUsedUp begins.",
            [query(f"sum by (instance) (agon_http_connections_open{{{SERIES}}})")],
            limit=9000,
            width=12,
        ),
        graph(
            "Requests for each connection",
            "Requests a second and connection: close to 0 means that clients open connections and do not use them again.",
            [
                query(
                    f"sum by (instance) (rate(http_requests_total{{{SERIES}}}[$__rate_interval]))"
                    f" / sum by (instance) (agon_http_connections_open{{{SERIES}}})"
                )
            ],
            unit="reqps",
            width=12,
        ),
    ]
