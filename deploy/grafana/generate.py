"""Writes dashboards/*.json, or with --check tells whether they are as they would be written.

The dashboards are made by a program because Grafana's JSON says everything many times over: a panel is some sixty
lines, of which a title, an expression and a unit are its own. Here these stand on a few lines each, positions and
numbers follow from the order, and what is to be the same everywhere is said once. The JSON is kept in the repository
all the same, since it is what Grafana reads and nobody should need Python to start it.

Python from 3.9 on and nothing else is needed: python3 deploy/grafana/generate.py
"""

import json
import pathlib
import sys

from source import matchmaking, overview, process, store, upstreams

DIRECTORY = pathlib.Path(__file__).parent / "dashboards"
DASHBOARDS = [overview, store, matchmaking, upstreams, process]


def files():
    """The text of each file by its path."""
    return {
        DIRECTORY / f"{name}.json": json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"
        for name, dashboard in (module.dashboard() for module in DASHBOARDS)
    }


def out_of_date():
    """The paths of files that are missing, differ, or should not be there."""
    wanted = files()
    found = {path: path.read_text(encoding="utf-8") for path in DIRECTORY.glob("*.json")}
    return sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))


def write():
    """Makes the directory what it should be."""
    wanted = files()
    for path in out_of_date():
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()


def main(arguments):
    if arguments == []:
        write()
    elif arguments == ["--check"]:
        stale = [path.name for path in out_of_date()]
        if stale:
            sys.exit(f"run python3 deploy/grafana/generate.py; these are out of date: {', '.join(stale)}")
    else:
        sys.exit("usage: generate.py [--check]")


if __name__ == "__main__":
    main(sys.argv[1:])
