"""Panels: what each kind needs to be said, and everything that is the same for all of them.

A panel comes without place and number; dashboard.py gives them.
"""

DATASOURCE = {"type": "prometheus", "uid": "agon-prometheus"}

GOOD, WARN, BAD, PLAIN = "green", "orange", "red", "blue"

# Answers by their first digit, and what else is good or bad wherever it occurs.
COLOURS = {
    "2..": GOOD,
    "3..": PLAIN,
    "4..": WARN,
    "5..": BAD,
    "matched|closed|wins": GOOD,
    "expired|failed|open": BAD,
    "invalid|timed_out": WARN,
}


def query(expr, legend="{{instance}}", **more):
    """What to ask Prometheus, and what to call each series of the reply."""
    return {"datasource": DATASOURCE, "editorMode": "code", "expr": expr, "legendFormat": legend, "range": True, **more}


def instant(expr, legend="{{instance}}", **more):
    """Like query, for the latest value alone."""
    return query(expr, legend, instant=True, **more) | {"range": False}


def quantiles(buckets, *shares, by=None):
    """Percentiles of a histogram, for each value of the label `by`; `buckets` selects the series of its buckets."""
    labels, name = ("le", "") if by is None else (f"{by}, le", f" {{{{{by}}}}}")
    summed = f"sum by ({labels}) (rate({buckets}[$__rate_interval]))"
    return [query(f"histogram_quantile({share}, {summed})", f"p{100 * share:.0f}{name}") for share in shares]


def steps(base, *further):
    """Thresholds: a colour, then pairs of a value and the colour from there on."""
    first = {"color": base, "value": None}
    return {"mode": "absolute", "steps": [first] + [{"color": colour, "value": value} for value, colour in further]}


def words(**by_value):
    """Words for numbers, such as _1="up": the text and its colour."""
    options = {
        value.lstrip("_"): {"index": index, "text": text, "color": colour}
        for index, (value, (text, colour)) in enumerate(by_value.items())
    }
    return [{"type": "value", "options": options}]


def _panel(kind, title, description, queries, width, height, defaults, options, overrides=()):
    letters = "ABCDEFGH"
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": [{"refId": letters[n], **one} for n, one in enumerate(queries)],
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
        "options": options,
        "gridPos": {"w": width, "h": height},
    }


def stat(title, description, queries, unit="none", thresholds=None, mappings=(), decimals=None, width=4, name=False):
    """One large figure; with `name` what it is called instead."""
    defaults = {
        "unit": unit,
        "thresholds": thresholds or steps(PLAIN),
        "color": {"mode": "thresholds"},
        "mappings": list(mappings),
        "noValue": "–",
    }
    if decimals is not None:
        defaults["decimals"] = decimals
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "none" if name or mappings else "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "name" if name else "auto",
    }
    return _panel("stat", title, description, queries, width, 4, defaults, options)


def figure(title, description, expr, **more):
    """Like stat, for an expression that has one series."""
    return stat(title, description, [query(expr, "")], **more)


def graph(title, description, queries, unit="short", stacked=False, limit=None, mappings=(), top=None, width=8):
    """Lines over time. `limit` is where an alert begins; `top` the highest value there can be."""
    custom = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 40 if stacked else 8,
        "gradientMode": "none",
        "showPoints": "never",
        "spanNulls": False,
        "axisSoftMin": 0,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "off" if limit is None else "dashed"},
    }
    defaults = {
        "unit": unit,
        "min": 0,
        "custom": custom,
        "color": {"mode": "palette-classic"},
        "thresholds": steps("transparent") if limit is None else steps("transparent", (limit, BAD)),
        "mappings": list(mappings),
    }
    if top is not None:
        defaults["max"] = top
    options = {
        "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return _panel("timeseries", title, description, queries, width, 9, defaults, options, _colours())


def _colours():
    return [
        {
            "matcher": {"id": "byRegexp", "options": f"^({pattern})$"},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
        }
        for pattern, colour in COLOURS.items()
    ]


def heatmap(title, description, buckets, unit="s", width=8):
    """How the values of a histogram are spread, over time; `buckets` selects the series of its buckets."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": "short", "decimals": 0},
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "reverse": False, "exponent": 0.5, "fill": "orange"},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }
    custom = {"hideFrom": {"legend": False, "tooltip": False, "viz": False}, "scaleDistribution": {"type": "linear"}}
    queries = [query(f"sum by (le) (increase({buckets}[$__rate_interval]))", "{{le}}", format="heatmap")]
    return _panel("heatmap", title, description, queries, width, 9, {"custom": custom}, options)


def states(title, description, queries, mappings, width=8):
    """A band for each series, coloured by the state it was in."""
    custom = {"fillOpacity": 70, "lineWidth": 0}
    defaults = {
        "custom": custom,
        "color": {"mode": "thresholds"},
        "thresholds": steps(PLAIN),
        "mappings": list(mappings),
    }
    options = {
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "mergeValues": True,
        "rowHeight": 0.8,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return _panel("state-timeline", title, description, queries, width, 9, defaults, options)


def table(title, description, expr, columns, width=8):
    """The labels of an instant query's series, those in `columns` and under the names there."""
    hidden = {"Time": True, "Value": True, "__name__": True, "job": True}
    panel = _panel(
        "table",
        title,
        description,
        [instant(expr, format="table")],
        width,
        9,
        {"custom": {"align": "auto", "filterable": False}, "thresholds": steps(PLAIN), "mappings": []},
        {"cellHeight": "sm", "showHeader": True},
    )
    organize = {"excludeByName": hidden, "indexByName": {}, "renameByName": columns}
    return panel | {"transformations": [{"id": "organize", "options": organize}]}
