"""A dashboard made of rows of panels: places, numbers, variables, and links to the others.

What is chosen in one dashboard, the time and the instance, is kept on the way to another.
"""

from .panels import DATASOURCE

WIDTH = 24
TAG = "agon"

# The series of the instances that are chosen.
SERIES = 'job="agon", instance=~"$instance"'


def variable(name, label, metric):
    """What to choose from: the values that the label `name` has on a metric."""
    definition = f"label_values({metric}, {name})"
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": definition,
        "query": {"query": definition, "refId": f"variable-{name}"},
        # When the time range changes: an instance that was replaced can be looked at where it was.
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def dashboard(name, title, description, rows, variables=()):
    """The name of the file, and what is in it. Each row is a title and its panels."""
    return name, {
        "uid": f"agon-{name}",
        "title": title,
        "description": description,
        "tags": [TAG],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "links": [_links()],
        "annotations": {"list": [_restarts()]},
        "templating": {"list": [variable("instance", "Instance", 'up{job="agon"}'), *variables]},
        "panels": _placed(rows),
    }


def _links():
    return {
        "type": "dashboards",
        "title": "Agon",
        "tooltip": "The other dashboards",
        "icon": "external link",
        "tags": [TAG],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
    }


def _restarts():
    uptime, step = f"agon_uptime_seconds{{{SERIES}}}", "60s"
    # When it started, to ten seconds: the uptime is told some moments after the scrape has begun, and each other value
    # would be a mark of its own.
    expr = f"round(timestamp({uptime}) - {uptime}, 10) * 1000"
    return {
        "name": "Restarts",
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "purple",
        # Said twice: Grafana 10 and before look here, later ones there.
        "expr": expr,
        "step": step,
        "target": {"expr": expr, "interval": step, "refId": "restarts"},
        # The mark is put where the value says, not at each sample.
        "useValueForTime": "on",
        "titleFormat": "Agon started",
        "textFormat": "{{instance}}",
    }


def _placed(rows):
    """From left to right and from top to bottom, numbered in that order."""
    placed, top = [], 0
    for title, panels in rows:
        placed.append(_row(title, top))
        top += 1
        left = height = 0
        for panel in panels:
            size = panel["gridPos"]
            if left + size["w"] > WIDTH:
                top, left, height = top + height, 0, 0
            placed.append(panel | {"gridPos": size | {"x": left, "y": top}})
            left, height = left + size["w"], max(height, size["h"])
        top += height
    return [{"id": number, **panel} for number, panel in enumerate(placed, start=1)]


def _row(title, top):
    return {
        "type": "row",
        "title": title,
        "collapsed": False,
        "panels": [],
        "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1},
    }
