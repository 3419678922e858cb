"""The dashboards as they are written: what Grafana would show wrongly or not at all, without a word."""

import itertools
import subprocess
import sys
import unittest

import shipped

WIDTH = 24


class Dashboards(unittest.TestCase):
    def setUp(self):
        self.dashboards = shipped.dashboards()
        self.panels = [panel for one in self.dashboards.values() for panel in shipped.panels(one)]

    def test_they_are_as_their_source_makes_them(self):
        command = [sys.executable, "-B", str(shipped.GRAFANA / "generate.py"), "--check"]
        checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(0, checked.returncode, checked.stderr)

    def test_all_five_are_there_under_names_of_their_own(self):
        self.assertEqual({"overview", "store", "matchmaking", "upstreams", "process"}, self.dashboards.keys())
        for key in ("uid", "title"):
            self.assertEqual(5, len({dashboard[key] for dashboard in self.dashboards.values()}))
        for name, dashboard in self.dashboards.items():
            self.assertEqual(f"agon-{name}", dashboard["uid"])

    def test_each_leads_to_the_others_and_keeps_what_was_chosen(self):
        for dashboard in self.dashboards.values():
            link = dashboard["links"][0]
            self.assertEqual(dashboard["tags"], link["tags"])
            self.assertTrue(link["includeVars"] and link["keepTime"])

    def test_panels_have_numbers_of_their_own(self):
        for dashboard in self.dashboards.values():
            numbers = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(numbers), len(set(numbers)))

    def test_panels_fit_the_width_and_do_not_overlap(self):
        for dashboard in self.dashboards.values():
            places = [(panel["title"], panel["gridPos"]) for panel in dashboard["panels"]]
            for title, place in places:
                self.assertGreaterEqual(place["x"], 0, title)
                self.assertLessEqual(place["x"] + place["w"], WIDTH, title)
            for (one, a), (other, b) in itertools.combinations(places, 2):
                beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
                below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
                self.assertTrue(beside or below, f"{one} and {other} overlap")

    def test_panels_are_titled_described_and_have_a_unit(self):
        self.assertGreater(len(self.panels), 60)
        for panel in self.panels:
            with self.subTest(panel["title"]):
                self.assertTrue(panel["title"])
                self.assertTrue(panel["description"].endswith("."))
                if panel["type"] in ("stat", "timeseries"):
                    self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])

    def test_every_question_goes_to_the_provisioned_data_source(self):
        [source] = shipped.read_yaml(shipped.GRAFANA / "provisioning/datasources/prometheus.yml")["datasources"]
        wanted = {"type": source["type"], "uid": source["uid"]}
        for dashboard in self.dashboards.values():
            asked = [one["datasource"] for one in shipped.variables(dashboard) + dashboard["annotations"]["list"]]
            self.assertEqual([wanted] * len(asked), asked)
        for panel in self.panels:
            with self.subTest(panel["title"]):
                asked = [panel["datasource"]] + [target["datasource"] for target in panel["targets"]]
                self.assertEqual([wanted] * len(asked), asked)

    def test_every_question_has_an_expression_and_a_letter_of_its_own(self):
        for panel in self.panels:
            with self.subTest(panel["title"]):
                letters = [target["refId"] for target in panel["targets"]]
                self.assertTrue(letters)
                self.assertEqual(len(letters), len(set(letters)))
                self.assertTrue(all(target["expr"].strip() for target in panel["targets"]))

    def test_no_variable_is_unknown_or_unused(self):
        for name, dashboard in self.dashboards.items():
            known = {one["name"] for one in shipped.variables(dashboard)}
            asked = " ".join(target["expr"] for panel in shipped.panels(dashboard) for target in panel["targets"])
            for variable in known:
                self.assertIn(f"${variable}", asked)
            for title, expr in shipped.expressions(dashboard):
                self.assertNotIn("$", expr, title)

    def test_grafana_knows_how_often_prometheus_scrapes(self):
        [source] = shipped.read_yaml(shipped.GRAFANA / "provisioning/datasources/prometheus.yml")["datasources"]
        interval = shipped.read_yaml(shipped.CONFIGURATION)["global"]["scrape_interval"]
        self.assertEqual(interval, source["jsonData"]["timeInterval"])

    def test_the_provisioned_directory_is_the_one_that_is_told(self):
        [provider] = shipped.read_yaml(shipped.GRAFANA / "provisioning/dashboards/agon.yml")["providers"]
        self.assertEqual("/etc/grafana/dashboards", provider["options"]["path"])
        self.assertEqual("file", provider["type"])


if __name__ == "__main__":
    unittest.main()
