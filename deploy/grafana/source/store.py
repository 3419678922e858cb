"""Boards and the store beneath them: what there is, how fast it changes, how long the disk takes."""

from .dashboard import SERIES, dashboard as make
from .panels import BAD, GOOD, WARN, figure, graph, heatmap, quantiles, query, steps, words

WRITES = 'route=~"/score/submit|/v1/boards/.+/scores|/v1/boards/.+/scores:batch|/v1/scores:batch|/user/create|/user/generate|/v1/players.*"'
READS = 'method="GET", route=~"/leaderboard.*|/profile/.+|/user/profile/.+|/v1/boards/.+/entries.*|/v1/boards/.+/stats"'


def dashboard():
    return make(
        "store",
        "Agon store",
        "Leaderboards and the store: contents, changes, commits, the writer's queue, growth.",
        [
            ("Contents", contents()),
            ("Leaderboards", leaderboards()),
            ("Commits", commits()),
            ("The writer's queue", queue()),
            ("Growth", growth()),
        ],
    )


def contents():
    def total(metric):
        return f"sum({metric}{{{SERIES}}})"

    return [
        figure(
            "Takes changes",
            "No while a commit has failed and the disk is not yet fit again.",
            f"min(agon_store_available{{{SERIES}}})",
            mappings=words(_0=("no", BAD), _1=("yes", GOOD)),
        ),
        figure("Players", "Players in the store.", total("agon_store_players"), unit="short"),
        figure("Boards", "Boards in the store.", total("agon_store_boards"), unit="short"),
        figure("Entries", "Entries of all boards' current seasons.", total("agon_store_entries"), unit="short"),
        figure("On disk", "Size of the data directory.", total("agon_store_disk_bytes"), unit="bytes"),
        figure(
            "Recovery",
            "How long the store took to come up at the latest start.",
            f"max(agon_store_recovery_duration_seconds{{{SERIES}}})",
            unit="s",
        ),
    ]


def leaderboards():
    rate = "sum by (method, route) (rate(http_requests_total{%s, %s}[$__rate_interval]))"
    slowest = (
        "histogram_quantile(0.99, sum by (le, method, route)"
        " (rate(http_request_duration_seconds_bucket{%s, %s}[$__rate_interval])))"
    )
    both = [("Submissions and creations", "Requests that write scores or players", WRITES), ("Reads", "Requests that read boards", READS)]
    return [
        panel
        for title, what, routes in both
        for panel in (
            graph(title, f"{what}, by route.", [query(rate % (SERIES, routes), "{{method}} {{route}}")], unit="reqps", width=12),
            graph(
                f"{title}, latency",
                f"{what}, by route: 99 % are answered within. Bulk bodies may take long.",
                [query(slowest % (SERIES, routes), "{{method}} {{route}}")],
                unit="s",
                width=12,
            ),
        )
    ]


def commits():
    duration = f"agon_store_commit_duration_seconds_bucket{{{SERIES}}}"
    size = f"agon_store_commit_changes_bucket{{{SERIES}}}"
    return [
        graph(
            "Changes and commits",
            "A commit is one batch of changes with one sync; the busier it is, the more changes share one.",
            [
                query(f"sum(rate(agon_store_commit_changes_sum{{{SERIES}}}[$__rate_interval]))", "changes"),
                query(f"sum(rate(agon_store_commits_total{{{SERIES}}}[$__rate_interval]))", "commits"),
            ],
            unit="ops",
        ),
        graph(
            "Changes in a commit",
            "How many changes share one sync.",
            quantiles(size, 0.5, 0.95, 0.99),
        ),
        graph(
            "Commit duration",
            "Writing and syncing one batch. The line is where AgonCommitsSlow begins, for the 99th percentile over five minutes.",
            quantiles(duration, 0.5, 0.95, 0.99),
            unit="s",
            limit=0.25,
        ),
        heatmap(
            "Commit durations",
            "How many commits took how long.",
            duration,
            width=16,
        ),
        graph(
            "Failed commits",
            "Commits that the disk refused; their changes got 503.",
            [query(f"sum by (instance) (increase(agon_store_commit_failures_total{{{SERIES}}}[$__rate_interval]))")],
        ),
    ]


def queue():
    return [
        graph(
            "Changes waiting",
            "Changes that wait for the writer. The line is where AgonWriterQueueFilling begins.",
            [query(f"sum by (instance) (agon_store_queue_changes{{{SERIES}}})")],
            limit=32768,
            width=12,
        ),
        graph(
            "Changes refused",
            "Changes that got 503 because the queue was full.",
            [query(f"sum by (instance) (rate(agon_store_queue_refused_total{{{SERIES}}}[$__rate_interval]))")],
            unit="ops",
            width=12,
        ),
    ]


def growth():
    return [
        graph("Size on disk", "Of the data directory.", [query(f"sum by (instance) (agon_store_disk_bytes{{{SERIES}}})")], unit="bytes"),
        graph(
            "Players and entries",
            "Entries of all boards' current seasons.",
            [
                query(f"sum(agon_store_players{{{SERIES}}})", "players"),
                query(f"sum(agon_store_entries{{{SERIES}}})", "entries"),
            ],
        ),
        figure(
            "Size in a week",
            "In times of the present size, at the pace of the last six hours.",
            f"max(instance:agon_store_disk_bytes:growth_ratio7d{{{SERIES}}})",
            thresholds=steps(GOOD, (1.5, WARN), (2, BAD)),
            decimals=2,
            width=4,
        ),
        figure(
            "Index",
            "An estimate of what the ranks take in memory.",
            f"sum(agon_store_index_bytes{{{SERIES}}})",
            unit="bytes",
            width=4,
        ),
    ]
