"""The HTTP API of a running Prometheus, as far as the tests ask it."""

import json
import math
import time
import urllib.error
import urllib.parse
import urllib.request

REQUEST_TIMEOUT_S = 10
POLL_S = 0.5


class Refused(Exception):
    """What Prometheus says is wrong with a request."""


class Prometheus:
    def __init__(self, url):
        self.url = url

    def get(self, path, **parameters):
        """The `data` of a reply."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}"
        try:
            with urllib.request.urlopen(url, timeout=REQUEST_TIMEOUT_S) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise Refused(f"{parameters}: {error.read().decode()}") from error

    def is_ready(self):
        """Whether it has read its rules and answers queries."""
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=REQUEST_TIMEOUT_S):
                return True
        except urllib.error.URLError:
            return False

    def series(self, expr):
        """The series of an instant query: labels and value of each."""
        result = self.get("query", query=expr)["result"]
        return [(one["metric"], float(one["value"][1])) for one in result]

    def has_figures(self, expr):
        """Whether an expression gives at least one number; a division by nothing gives none."""
        return any(math.isfinite(value) for _, value in self.series(expr))

    def label_values(self, name, metric):
        return self.get(f"label/{name}/values", **{"match[]": metric})

    def rules(self, kind):
        """All rules of a kind, `record` or `alert`, as they were last evaluated."""
        return [rule for group in self.get("rules", type=kind)["groups"] for rule in group["rules"]]


def eventually(condition, deadline):
    """Whether a condition holds at some time until `deadline`, of the monotonic clock."""
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True
