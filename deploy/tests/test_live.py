"""Rules and dashboards with a real Agon under load and a real Prometheus that has the rules loaded.

Needs AGON_URL, and PROMETHEUS_URL of one that scrapes that Agon every second or so. Everything is waited for, but
not for longer than WAIT_S all together. Nothing depends on how fast anything is.
"""

import os
import re
import time
import unittest
import urllib.request

import promql
import shipped
from load import Load
from prometheus import Prometheus, eventually

WAIT_S = 90

# They measure time, and a busy machine is slow: firing they would be wrong, but a start in that direction proves nothing.
OF_SPEED = {
    "AgonCommitsSlow",
    "AgonFewUnder100ms",
    "AgonHedgeBudgetExhausted",
    "AgonMatchmakerSlow",
    "AgonSlow",
    "AgonTicketsExpire",
    "AgonUpstreamFailing",
}

# Made by Prometheus and not by Agon.
OF_PROMETHEUS = {"ALERTS", "scrape_duration_seconds", "up"}


def setUpModule():
    global agon_url, prometheus, load, deadline
    agon_url = os.environ["AGON_URL"]
    prometheus = Prometheus(os.environ["PROMETHEUS_URL"])
    load = Load(agon_url)
    deadline = time.monotonic() + WAIT_S
    if not eventually(prometheus.is_ready, deadline):
        raise TimeoutError("Prometheus does not become ready")
    load.start()


def tearDownModule():
    load.stop()


def choices(definition):
    """What a variable of a dashboard has to choose from."""
    metric, label = re.fullmatch(r"label_values\((.+), (\w+)\)", definition).groups()
    return prometheus.label_values(label, metric)


class Live(unittest.TestCase):
    maxDiff = None

    def assert_all(self, wanted, holds):
        """That something holds, now or later, for every expression of `wanted`, where each follows what it is for."""
        failed = [one for one in wanted if not eventually(lambda: load.error or holds(one[-1]), deadline)]
        # First, since the rest follows from it.
        self.assertIsNone(load.error)
        self.assertEqual([], failed)

    def test_every_panel_shows_something(self):
        dashboards = shipped.dashboards().items()
        asked = [(name, title, expr) for name, one in dashboards for title, expr in shipped.expressions(one)]
        self.assert_all(asked, prometheus.has_figures)

    def test_every_variable_has_something_to_choose(self):
        variables = [variable for one in shipped.dashboards().values() for variable in shipped.variables(one)]
        self.assert_all([(one["name"], one["definition"]) for one in variables], choices)

    def test_every_recording_rule_records_something(self):
        recorded = {rule["record"] for rule in shipped.rules() if "record" in rule}
        self.assertEqual(recorded, {rule["name"] for rule in prometheus.rules("record")})
        self.assert_all([(name,) for name in sorted(recorded)], prometheus.has_figures)

    def test_every_alert_has_the_series_that_it_looks_at(self):
        alerts = prometheus.rules("alert")
        self.assertEqual({alert["alert"] for alert in shipped.alerts()}, {alert["name"] for alert in alerts})
        wanted = [(alert["name"], selector) for alert in alerts for selector in promql.selectors(alert["query"])]
        self.assert_all(wanted, prometheus.series)

    def test_every_alert_names_labels_that_its_series_have(self):
        # The labels of an absence are those that it asks for, since there is no series.
        alerts = [alert for alert in shipped.alerts() if not alert["expr"].startswith("absent")]
        measured = {alert["alert"]: promql.selectors(alert["expr"])[0] for alert in alerts}
        self.assert_all(list(measured.items()), prometheus.series)
        for alert in alerts:
            named = set(re.findall(r"\$labels\.(\w+)", " ".join(alert["annotations"].values())))
            for labels, _ in prometheus.series(measured[alert["alert"]]):
                self.assertLessEqual(named, labels.keys(), alert["alert"])

    def test_every_metric_in_use_is_one_that_agon_tells(self):
        with urllib.request.urlopen(f"{agon_url}/metrics", timeout=10) as reply:
            told = set(re.findall(r"^# TYPE (\S+)", reply.read().decode(), re.MULTILINE))
        expressions = [expr for one in shipped.dashboards().values() for _, expr in shipped.expressions(one)]
        expressions += [rule["expr"] for rule in shipped.rules()]
        used = {name for expr in expressions for name in promql.names(expr) if ":" not in name} - OF_PROMETHEUS
        without_part = {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
        self.assertEqual(set(), {name for name in without_part if name not in told})

    def test_no_rule_fails_and_no_alert_begins(self):
        # By now the others have waited until there is something to judge.
        rules = prometheus.rules("record") + prometheus.rules("alert")
        self.assertEqual([], [rule for rule in rules if rule["health"] != "ok" or rule.get("lastError")])
        for alert in prometheus.rules("alert"):
            allowed = {"inactive", "pending"} if alert["name"] in OF_SPEED else {"inactive"}
            with self.subTest(alert["name"], alerts=alert["alerts"]):
                self.assertIn(alert["state"], allowed)


if __name__ == "__main__":
    unittest.main()
