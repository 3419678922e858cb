"""Load that touches every area of Agon a little: each round one of everything, with its share of refusals.

Every reply's status is looked at, since a request that was refused by mistake would leave series empty that the tests
then wait for. How much comes through in a second does not matter.
"""

import json
import threading
import urllib.error
import urllib.request

REQUEST_TIMEOUT_S = 20
BOARD, DUEL, PATIENCE = "weekly", "duel", "patience"

DUEL_SETTINGS = {
    "teams": {"count": 2, "min_size": 1, "max_size": 1},
    "rating": {"spread": 100, "max_spread": 100},
    "ticket_ttl_ms": 2000,
    "boards": [{"board": BOARD, "submit": {"points": [3, 1]}}],
}


def player(number):
    return f"00000000-0000-4000-8000-{number:012}"


class Load(threading.Thread):
    """Rounds, one after the other, until it is told to stop; `error` is what ended it before."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url = url
        self.error = None
        self._stop_wanted = threading.Event()

    def run(self):
        try:
            self.prepare()
            number = 0
            while not self._stop_wanted.wait(0.05):
                self.round(number)
                number += 1
        except Exception as error:
            self.error = error

    def stop(self):
        """Ends it; an error if it had ended before, or does not."""
        self._stop_wanted.set()
        self.join(2 * REQUEST_TIMEOUT_S)
        if self.error is not None:
            raise self.error
        if self.is_alive():
            raise TimeoutError("the load does not end")

    def send(self, method, path, body=None, expect=(200,), headers=()):
        """The reply's JSON, or its text where that is none."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} | dict(headers)
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_S) as reply:
                status, text = reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        if status not in expect:
            raise AssertionError(f"{method} {path}: {status}, not {expect}: {text}")
        try:
            return json.loads(text)
        except ValueError:
            return text

    def prepare(self):
        players = [{"player_id": player(n), "display_name": f"player {n}", "country": "tr"} for n in range(20)]
        self.send("POST", "/v1/players:batch", {"players": players}, (200, 201))
        self.send("PUT", f"/v1/boards/{BOARD}", {"operator": "sum"}, (200, 201))
        self.send("PUT", f"/v1/queues/{DUEL}", DUEL_SETTINGS, (200, 201))
        self.send("PUT", f"/v1/queues/{PATIENCE}", {"teams": DUEL_SETTINGS["teams"]}, (200, 201))
        # Waits for as long as the test takes.
        self.ticket(PATIENCE, "alone", 19, 1500)

    def round(self, number):
        self.boards(number)
        self.classic(number)
        self.upstreams(number)
        self.matchmaking(number)
        self.stateless(number)
        self.refusals()

    def boards(self, number):
        scores = [{"player_id": player(n), "score": number} for n in range(10)]
        self.send("POST", f"/v1/boards/{BOARD}/scores", scores[number % 10])
        self.send("POST", f"/v1/boards/{BOARD}/scores:batch", {"scores": scores})
        self.send("GET", f"/v1/boards/{BOARD}/entries?limit=10")
        self.send("GET", f"/v1/boards/{BOARD}/entries/{player(number % 10)}", expect=(200, 404))
        self.send("GET", f"/v1/boards/{BOARD}/stats")

    def classic(self, number):
        created = self.send("POST", "/user/create", {"display_name": f"user {number}", "country": "us"}, (201,))
        user = created["user_id"]
        self.send("POST", "/score/submit", {"user_id": user, "score_worth": number})
        self.send("GET", f"/user/profile/{user}")
        self.send("GET", "/leaderboard")
        self.send("GET", "/leaderboard/us")

    def upstreams(self, number):
        for policy in ("smart", "first", "all", "within-timeout"):
            self.send("GET", f"/api/{policy}?timeout=1000", expect=(200, 502, 504))
        # Late, failing or invalid now and then, and hedged.
        for _ in range(10):
            self.send("GET", "/v1/upstreams/flaky?timeout=1000", expect=(200, 502, 504))
        if number % 5 == 0:
            # Nobody answers sooner than at once.
            self.send("GET", "/v1/upstreams/flaky?timeout=0", expect=(504,))

    def ticket(self, queue, name, number, rating, expect=(201,)):
        body = {"ticket_id": name, "players": [{"player_id": player(number), "rating": rating}]}
        self.send("POST", f"/v1/queues/{queue}/tickets", body, expect)

    def matchmaking(self, number):
        pairs = [(2 * n, 2 * n + 1) for n in range(4)]
        for pair in pairs:
            for one in pair:
                self.ticket(DUEL, f"t-{number}-{one}", one, 1500 + 1000 * pair[0] + 10 * (one % 2))
        for first, _ in pairs:
            self.finish(f"t-{number}-{first}")
        self.ticket(DUEL, f"c-{number}", 17, 90000)
        self.send("DELETE", f"/v1/queues/{DUEL}/tickets/c-{number}")
        if number % 5 == 0:
            # Nobody is near, so it ends when its time is over; the one before it may not have yet.
            self.ticket(DUEL, f"far-{number}", 18, 500000, (201, 409))

    def finish(self, name):
        """Waits for a ticket's match and tells its result."""
        ticket = self.send("GET", f"/v1/queues/{DUEL}/tickets/{name}?wait=10s")
        # On a machine that is very busy its time may be over before it is looked at.
        if ticket["status"] == "matched":
            self.send("POST", f"/v1/matches/{ticket['match_id']}/result", {"placements": [1, 2]})

    def stateless(self, number):
        tickets = [
            {"ticket_id": f"s-{n}", "waited_s": number, "players": [{"player_id": player(n), "rating": 1500 + n}]}
            for n in range(6)
        ]
        self.send("POST", "/v1/match", {"rules": {"teams": DUEL_SETTINGS["teams"]}, "tickets": tickets})

    def refusals(self):
        self.send("GET", f"/user/profile/{player(999)}", expect=(404,))
        self.send("POST", "/score/submit", {"user_id": "no"}, expect=(400,))
        self.send("GET", "/no/such/path", expect=(404,))
        self.send("DELETE", "/leaderboard", expect=(405,))
