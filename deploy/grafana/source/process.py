"""The process: processor, memory, file descriptors, versions, restarts."""

from .dashboard import SERIES, dashboard as make
from .panels import BAD, GOOD, WARN, figure, graph, query, steps, table


def dashboard():
    return make(
        "process",
        "Agon process",
        "What the processes of Agon use, which versions they are, and when they started.",
        [("Now", now()), ("Resources", resources()), ("Starts and versions", starts())],
    )


def now():
    return [
        figure(
            "Processor",
            "Cores in use, over five minutes, of the busiest instance.",
            f"max(rate(process_cpu_seconds_total{{{SERIES}}}[5m]))",
            decimals=2,
        ),
        figure("Memory", "Resident, of the largest instance.", f"max(process_resident_memory_bytes{{{SERIES}}})", unit="bytes"),
        figure(
            "File descriptors",
            "Share of what the process may have that is open.",
            f"max(instance:agon_open_fds:ratio{{{SERIES}}})",
            unit="percentunit",
            thresholds=steps(GOOD, (0.6, WARN), (0.8, BAD)),
        ),
        figure("Threads", "Of the instance with the most.", f"max(process_threads{{{SERIES}}})"),
        figure("Running for", "Since the latest start of any of them.", f"min(agon_uptime_seconds{{{SERIES}}})", unit="s"),
        figure(
            "Starts",
            "Restarts within 15 minutes, of the instance with the most.",
            f"max(instance:agon_restarts:resets15m{{{SERIES}}})",
            thresholds=steps(GOOD, (1, WARN), (3, BAD)),
        ),
    ]


def resources():
    return [
        graph(
            "Processor",
            "Cores in use: 1 is one core throughout.",
            [query(f"rate(process_cpu_seconds_total{{{SERIES}}}[$__rate_interval])")],
        ),
        graph(
            "Memory",
            "Resident is what counts against a limit; reserved addresses cost nothing.",
            [
                query(f"process_resident_memory_bytes{{{SERIES}}}", "resident {{instance}}"),
                query(f"agon_store_index_bytes{{{SERIES}}}", "of it ranks, about, {{instance}}"),
            ],
            unit="bytes",
        ),
        graph("Reserved addresses", "Virtual memory.", [query(f"process_virtual_memory_bytes{{{SERIES}}}")], unit="bytes"),
        graph(
            "File descriptors",
            "Open ones, and how many the process may have.",
            [
                query(f"process_open_fds{{{SERIES}}}", "open {{instance}}"),
                query(f"process_max_fds{{{SERIES}}}", "limit {{instance}}"),
            ],
        ),
        graph("Threads", "Of the process.", [query(f"process_threads{{{SERIES}}}")]),
        graph(
            "Scrapes",
            "How long Prometheus takes to read the metrics.",
            [query(f"scrape_duration_seconds{{{SERIES}}}")],
            unit="s",
        ),
    ]


def starts():
    return [
        graph(
            "Restarts",
            "Within 15 minutes. The line is where AgonRestartLoop begins.",
            [query(f"instance:agon_restarts:resets15m{{{SERIES}}}")],
            limit=3,
            width=12,
        ),
        table(
            "Versions",
            "What each instance runs.",
            f"agon_build_info{{{SERIES}}}",
            {"instance": "Instance", "version": "Version", "revision": "Revision"},
            width=12,
        ),
    ]
