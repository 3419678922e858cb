"""What a test needs on the server before its users start: players on the leaderboard, and a queue.

Making it twice, or by several workers at once, gives the same as making it once. The requests for it are
in no statistics.
"""

import uuid

import gevent.event
import requests

from traffic.key import headers

# As many as can be looked up at once.
PLAYERS = 1000
COUNTRIES = ("tr", "us", "de", "fr", "jp")
QUEUE = "load-test"

# One against one, whoever it is: what is tested is the way from ticket to result, not the rules.
QUEUE_SETTINGS = {
    "teams": {"count": 2, "min_size": 1, "max_size": 1},
    "acceptance_window_ms": 20_000,
    "ticket_ttl_ms": 60_000,
}

# The same in every run, so that a second one finds the players of the first.
NAMESPACE = uuid.UUID("5b0d3c0e-6d0f-4a39-9a55-0c5b1f6a7e21")
TIMEOUT_S = 30
TRIES = 10

READY = gevent.event.Event()
"""Set while a test may run."""


class NotMade(Exception):
    """What a test needs is not there, and why."""


def player_id(number):
    """The id of one of the players on the leaderboard."""
    return str(uuid.uuid5(NAMESPACE, str(number)))


def make(host):
    """Makes what is missing; NotMade if the server cannot be reached or refuses."""
    with requests.Session() as session:
        session.headers.update(headers())
        # The users go without a proxy, too.
        session.trust_env = False
        try:
            make_players(session, host)
            sent = session.put(f"{host}/v1/queues/{QUEUE}", json=QUEUE_SETTINGS, timeout=TIMEOUT_S)
            refuse_unless(sent, (200, 201))
        except requests.RequestException as error:
            raise NotMade(f"is Agon running there? {error}") from error


def make_players(session, host):
    """All or, where some are there, those that are not. Another worker may do the same at the same time, so
    what exists by then is no fault, and is looked for again."""
    missing = range(PLAYERS)
    for _ in range(TRIES):
        body = [new_player(number) for number in missing]
        sent = session.post(f"{host}/user/create", json=body, timeout=TIMEOUT_S)
        if sent.status_code == 201:
            return
        refuse_unless(sent, (409,))
        missing = not_there(session, host)
        if not missing:
            return
    raise NotMade("some of its players exist and are not on the leaderboard")


def not_there(session, host):
    """The numbers of the players without an entry. The refusal of a creation names a hundred at the most."""
    numbers = {player_id(number): number for number in range(PLAYERS)}
    url = f"{host}/v1/boards/global/entries:lookup"
    sent = session.post(url, json={"player_ids": list(numbers)}, timeout=TIMEOUT_S)
    refuse_unless(sent, (200,))
    return [numbers[player] for player in sent.json()["not_found"]]


def new_player(number):
    country = COUNTRIES[number % len(COUNTRIES)]
    return {"user_id": player_id(number), "display_name": f"load {number}", "country": country}


def refuse_unless(sent, expected):
    if sent.status_code not in expected:
        request = sent.request
        raise NotMade(f"{request.method} {request.path_url} gave {sent.status_code}: {sent.text}")
