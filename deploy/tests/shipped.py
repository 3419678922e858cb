"""The files under test: rules, their tests, dashboards, provisioning, and the text on alerts."""

import json
import pathlib

import yaml

DEPLOY = pathlib.Path(__file__).parent.parent
RULES = DEPLOY / "prometheus" / "rules"
RULE_TESTS = DEPLOY / "prometheus" / "tests"
CONFIGURATION = DEPLOY / "prometheus" / "prometheus.yml"
GRAFANA = DEPLOY / "grafana"
SETTINGS = DEPLOY.parent / "agon.example.toml"
ALERTS_TEXT = DEPLOY.parent / "docs" / "alerts.md"
NGINX = DEPLOY / "nginx.conf"
REDIS = DEPLOY / "redis"

# What Grafana puts in for these. The window is longer than the one it would take from the scrapes of the test, so that
# what happens now and then is in it.
GRAFANA_VARIABLES = {"$__rate_interval": "1m", "$__range": "5m"}


def rules():
    """Every rule of every file, recording and alerting."""
    groups = [group for path in sorted(RULES.glob("*.yml")) for group in read_yaml(path)["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


def rule_tests():
    """Every case of every file."""
    return [case for path in sorted(RULE_TESTS.glob("*.yml")) for case in read_yaml(path)["tests"]]


def settings():
    """What Agon's settings are by default, as text, by section and key."""
    found, section = {}, None
    for line in SETTINGS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif " = " in line and not line.startswith("#"):
            key, value = line.split(" = ", 1)
            found[f"{section}.{key}"] = value
    return found


def read_yaml(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def dashboards():
    """Every dashboard by the name of its file."""
    paths = sorted((GRAFANA / "dashboards").glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def panels(dashboard):
    """The panels that show something."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def variables(dashboard):
    return dashboard["templating"]["list"]


def expressions(dashboard):
    """Title and expression of everything that a dashboard asks for, as Grafana would send it with all chosen."""
    asked = [(panel["title"], target["expr"]) for panel in panels(dashboard) for target in panel["targets"]]
    asked += [(one["name"], one["expr"]) for one in dashboard["annotations"]["list"]]
    return [(title, substituted(expr, dashboard)) for title, expr in asked]


def substituted(expr, dashboard):
    values = GRAFANA_VARIABLES | {f"${one['name']}": one["allValue"] for one in variables(dashboard)}
    for name, value in values.items():
        expr = expr.replace(name, value)
    return expr
