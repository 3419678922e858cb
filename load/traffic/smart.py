"""Callers who reach the upstream `default` through Agon.

502 and 504 are no failures here. They are the answer that the contract promises when all attempts failed
or the caller's time is over: an upstream that is slow at random, as the practice upstream is, makes some at
any load. Counted as failures they would hide the real ones; counted with the answers they would mix the time of
those with deadlines. So each has a row of its own, whose share is worth a look. Anything else than 200,
502 and 504 is a failure, 503 too: that is Agon refusing work.
"""

import random

from locust import task

from traffic.user import AgonUser, read, refused

# The practice upstream takes 100 to 600 ms, so the shortest of these is too short for some calls.
TIMEOUTS_MS = (400, 700, 1000, 1500)
PROMISED = {502: "all attempts failed", 504: "deadline passed"}


class SmartUser(AgonUser):
    """Mostly by the policy `smart`."""

    weight = 2

    @task(8)
    def smart(self):
        self.call("/api/smart", unlike_one)

    @task(1)
    def first(self):
        self.call("/api/first", unlike_one)

    @task(1)
    def within_timeout(self):
        self.call("/api/within-timeout", unlike_some)

    def call(self, path, fault):
        timeout = random.choice(TIMEOUTS_MS)
        row = f"{path}?timeout={{ms}}"
        with self.asked("GET", f"{path}?timeout={timeout}", row) as reply:
            status = reply.status_code
            if status in PROMISED:
                reply.request_meta["name"] = f"{row} -> {status} {PROMISED[status]}"
                reply.success()
            elif status != 200:
                refused(reply)
            else:
                _, wrong = read(reply, fault)
                if wrong:
                    reply.failure(wrong)


def unlike_one(body):
    """What the schema of the upstream `default` says against a body."""
    return None if isinstance(body["time"], int) else f"time is {body['time']!r}"


def unlike_some(bodies):
    """Any number of them will do: those that came in time."""
    return next(filter(None, map(unlike_one, bodies)), None)
