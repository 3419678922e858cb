"""The rules as they are written: what `promtool` does not ask for."""

import re
import unittest

import promql
import shipped

SEVERITIES = {"critical", "warning"}

# An alert compares recorded or exported series with numbers. So its figure can be seen in a dashboard, and whether
# there is one at all can be tested.
COMPARISON = r'[a-zA-Z_:][\w:]*(\{[^}]*\})? (==|<|>) [\d.e]+'
ALERT = re.compile(rf"absent\(.+\)|{COMPARISON}( and {COMPARISON})?")


class Alerts(unittest.TestCase):
    def test_the_names_differ(self):
        names = [alert["alert"] for alert in shipped.alerts()]
        self.assertGreater(len(names), 20)
        self.assertEqual(sorted(names), sorted(set(names)))

    def test_each_says_what_it_is_how_urgent_and_where_to_read_on(self):
        for alert in shipped.alerts():
            with self.subTest(alert["alert"]):
                self.assertIn(alert["labels"]["severity"], SEVERITIES)
                self.assertEqual({"summary", "description", "runbook_url"}, alert["annotations"].keys())
                anchor = alert["alert"].lower()
                self.assertEqual(f"docs/alerts.md#{anchor}", alert["annotations"]["runbook_url"])

    def test_each_compares_series_with_numbers(self):
        for alert in shipped.alerts():
            with self.subTest(alert["alert"]):
                self.assertRegex(alert["expr"], ALERT)
                self.assertIsNotNone(ALERT.fullmatch(alert["expr"]))

    def test_each_is_tested_to_fire_and_to_be_silent(self):
        checks = [check for case in shipped.rule_tests() for check in case["alert_rule_test"]]
        fires = {check["alertname"] for check in checks if check["exp_alerts"]}
        silent = {check["alertname"] for check in checks if not check["exp_alerts"]}
        names = {alert["alert"] for alert in shipped.alerts()}
        self.assertEqual(names, fires)
        self.assertEqual(names, silent)


class Series(unittest.TestCase):
    def test_none_is_used_that_a_deployment_hides(self):
        # By ProcSubset=pid in systemd/agon.service. An alert without its series is silent for ever.
        expressions = [rule["expr"] for rule in shipped.rules()]
        expressions += [expr for one in shipped.dashboards().values() for _, expr in shipped.expressions(one)]
        used = {name for expr in expressions for name in promql.names(expr)}
        self.assertIn("agon_uptime_seconds", used)
        self.assertNotIn("process_start_time_seconds", used)


class Thresholds(unittest.TestCase):
    """Some follow from settings as they are by default, and are to change with them."""

    def test_connections(self):
        self.assert_part_of_setting("AgonConnectionsNearlyUsedUp", 0.9, "server.max_connections")

    def test_the_writers_queue(self):
        self.assert_part_of_setting("AgonWriterQueueFilling", 0.5, "store.max_queue")

    def assert_part_of_setting(self, alert, share, setting):
        [expr] = [one["expr"] for one in shipped.alerts() if one["alert"] == alert]
        self.assertEqual(share * int(shipped.settings()[setting]), float(expr.split()[-1]))


class Text(unittest.TestCase):
    def test_each_alert_has_its_heading_and_each_heading_its_alert(self):
        headings = re.findall(r"^### (\S+)\n\*(\w+)\.\*", self.text(), re.MULTILINE)
        found = [(name, severity.lower()) for name, severity in headings]
        self.assertEqual(sorted((a["alert"], a["labels"]["severity"]) for a in shipped.alerts()), sorted(found))
        self.assertEqual(len(found), len(re.findall(r"^### ", self.text(), re.MULTILINE)))

    def test_each_says_how_to_look_and_what_to_do(self):
        for section in self.text().split("\n### ")[1:]:
            with self.subTest(section.split("\n")[0]):
                self.assertRegex(section, r"\*\*Look( and do)?:\*\*|It is the same as")
                self.assertRegex(section, r"\*\*(Do|Look and do):\*\*|It is the same as")

    def test_the_settings_that_it_names_are_there(self):
        named = set(re.findall(r"`(\w+\.\w+)`", self.text())) - {"prometheus.yml"}
        self.assertGreater(len(named), 5)
        self.assertEqual(set(), named - shipped.settings().keys())

    def test_the_panels_that_it_names_are_there(self):
        dashboards = {one["title"]: one for one in shipped.dashboards().values()}
        text = re.sub(r"\s+", " ", self.text())
        named = re.findall(r'\*(Agon \w+)\*,((?:(?:,|,? beside| and)? "[^"]+")+)', text)
        self.assertGreater(len(named), 15)
        for title, panels in named:
            titles = {panel["title"] for panel in shipped.panels(dashboards[title])}
            for panel in re.findall(r'"([^"]+)"', panels):
                with self.subTest(dashboard=title, panel=panel):
                    self.assertIn(panel, titles)

    @staticmethod
    def text():
        return shipped.ALERTS_TEXT.read_text(encoding="utf-8")


class Selectors(unittest.TestCase):
    def test_series_are_told_from_functions_labels_and_numbers(self):
        expr = 'topk(3, sum by (job, le) (rate(a_total{b="c{d}", e!~"f"}[5m]))) / on (g) h:i > 5e9 or 0 * j offset 1h and k'
        self.assertEqual(['a_total{b="c{d}", e!~"f"}', "h:i", "j", "k"], promql.selectors(expr))
        self.assertEqual(["a_total", "h:i", "j", "k"], promql.names(expr))


if __name__ == "__main__":
    unittest.main()
