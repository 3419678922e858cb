"""Agon's matchmaking engine: tickets in, fair matches out."""

from collections.abc import Iterable
from typing import Any, Optional, TypedDict

class Fault(TypedDict):
    """One thing that is wrong with a request."""

    pointer: Optional[str]
    """Where it is, as a JSON pointer such as `/tickets/3/players/0/rating`."""
    detail: str

class InvalidRequest(ValueError):
    """Rules or tickets are not valid."""

    faults: list[Fault]
    """All that is wrong."""

class Seat(TypedDict):
    """A player's place in a team."""

    player_id: str
    role: Optional[str]

class Team(TypedDict):
    """A team of a match."""

    tickets: list[str]
    players: list[Seat]
    rating: float
    """The mean of the players' ratings."""

class Match(TypedDict):
    """A match."""

    teams: list[Team]
    region: Optional[str]
    rating_spread: float
    """Distance between the highest and the lowest rating of its tickets."""
    team_gap: float
    """Distance between the means of its best and its weakest team."""
    win_probabilities: list[float]
    longest_wait_s: float

class Unmatched(TypedDict):
    """A ticket that is in no match."""

    ticket_id: str
    reason: str
    """What is in its way, as a word."""
    detail: str
    """The same in a sentence, with the figures."""

class Reply(TypedDict):
    """What has been made of tickets."""

    matches: list[Match]
    unmatched: list[Unmatched]

def match(
    rules: dict[str, Any],
    tickets: Iterable[dict[str, Any]],
    *,
    rating_system: Optional[str] = None,
) -> Reply:
    """Makes matches of tickets by rules; both, and the reply, as in `POST /v1/match`.

    The same arguments have the same reply. Other threads run while matches are reckoned.
    Raises `InvalidRequest`, a `ValueError`, with every fault.
    """
