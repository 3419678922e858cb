"""Players who queue for a duel, accept it, play it in no time and report what it came to.

Each user is one player, made at its start and on the server afterwards. Whoever is the first player of the
match's first team reports the result, as a game server would.
"""

import random
import uuid

from locust import task

from traffic import world
from traffic.user import AgonUser, refused

WAIT_S = 10
# As long as tickets live; whoever is still alone then, such as the odd one out, cancels.
LOOKS = 6

TICKETS = f"/v1/queues/{world.QUEUE}/tickets"
TICKET_ROW = "/v1/queues/{queue}/tickets/{ticket}"
LOOK_ROW = f"{TICKET_ROW}?wait={WAIT_S}s (time is waiting)"
OVER = ("cancelled", "expired")


class MatchUser(AgonUser):
    """One ticket after the other."""

    weight = 2

    def on_start(self):
        super().on_start()
        self.player = str(uuid.uuid4())
        named = {"display_name": "load duel"}
        self.body_of("PUT", f"/v1/players/{self.player}", "/v1/players/{player}", json=named)

    @task
    def duel(self):
        party = {"players": [{"player_id": self.player}]}
        row = "/v1/queues/{queue}/tickets"
        ticket = self.body_of("POST", TICKETS, row, fault=lack("ticket_id"), json=party)
        if ticket is None:
            return
        path = f"{TICKETS}/{ticket['ticket_id']}"
        match = self.wait_for_match(path)
        if match is not None:
            self.report(match)

    def wait_for_match(self, path):
        """The match once everybody has accepted it; None where there is none to be had."""
        seen = None
        for _ in range(LOOKS):
            view = self.look(path, seen)
            if view is None or view["status"] in OVER:
                return None
            if view["status"] == "matched":
                return view["match"]
            if view["status"] == "proposed" and self.player not in view["accepted"]:
                self.accept(view["match_id"])
            seen = view["version"]
        self.cancel(path)
        return None

    def look(self, path, seen):
        """The ticket, when it is another than was seen or the wait is over."""
        since = "" if seen is None else f"&seen={seen}"
        needed = lack("status", "version", "accepted", "match_id", "match")
        return self.body_of("GET", f"{path}?wait={WAIT_S}s{since}", LOOK_ROW, fault=needed)

    def cancel(self, path):
        with self.asked("DELETE", path, TICKET_ROW) as reply:
            # Too late, since the match has come after all, is no fault.
            if reply.status_code == 409:
                reply.success()
            elif reply.status_code != 200:
                refused(reply)

    def accept(self, match):
        who = {"player_id": self.player}
        row = "/v1/matches/{match}:accept"
        self.body_of("POST", f"/v1/matches/{match}:accept", row, json=who)

    def report(self, match):
        if match["teams"][0]["players"][0]["player_id"] != self.player:
            return
        result = {"placements": random.choice(([1, 2], [2, 1], [1, 1]))}
        row = "/v1/matches/{match}/result"
        self.body_of("POST", f"/v1/matches/{match['match_id']}/result", row, json=result)


def lack(*names):
    """Finds what is missing in a body."""
    return lambda body: next((f"no {name}" for name in names if name not in body), None)
