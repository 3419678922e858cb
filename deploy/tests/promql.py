"""What an expression of Prometheus' language asks for: read as far as is needed to name the series in it.

It is no parser: whether an expression is right, Prometheus says.
"""

import re

TOKEN = re.compile(
    r"""
      "(?:[^"\\]|\\.)*"                         # a text
    | \{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}         # conditions on labels
    | \[[^\]]*\]                                # a window
    | \d[\w.]*                                  # a number or duration
    | [A-Za-z_:][\w:]*                          # a name
    | \S
    """,
    re.VERBOSE,
)
NAME = re.compile(r"[A-Za-z_:][\w:]*")
OPERATORS = {"and", "or", "unless", "bool", "offset"}
# Followed by a list of labels in brackets.
LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}


def selectors(expr):
    """Every selector in an expression, in order and with its conditions: `up{job="agon"}`."""
    tokens = TOKEN.findall(expr)
    found, place = [], 0
    while place < len(tokens):
        token = tokens[place]
        after = tokens[place + 1] if place + 1 < len(tokens) else ""
        if token in LISTS and after == "(":
            place = tokens.index(")", place)
        elif NAME.fullmatch(token) and token not in OPERATORS and after != "(" and after not in LISTS:
            found.append(token + (after if after.startswith("{") else ""))
        place += 1
    return found


def names(expr):
    """The names of the series in an expression."""
    return [NAME.match(selector).group() for selector in selectors(expr)]
