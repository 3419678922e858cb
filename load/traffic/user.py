"""What all users have in common: where the server is, the key, and the look at replies."""

from locust import FastHttpUser, between

from traffic import world
from traffic.key import headers

DEFAULT_HOST = "http://127.0.0.1:8000"


class AgonUser(FastHttpUser):
    """Waits until the test is prepared. Every request names its row, so that ids make no rows."""

    abstract = True
    host = DEFAULT_HOST
    wait_time = between(0.2, 1.0)

    def __init__(self, environment):
        self.default_headers = headers()
        super().__init__(environment)

    def on_start(self):
        world.READY.wait()

    def asked(self, method, path, row, **options):
        """A reply for a `with` block, which may call `success` or `failure`."""
        return self.client.request(method, path, name=row, catch_response=True, **options)

    def body_of(self, method, path, row, fault=None, **options):
        """The JSON of a reply that has to succeed and in which `fault` finds nothing wrong; None where
        that is not so, and then a failure is counted."""
        with self.asked(method, path, row, **options) as reply:
            if reply.status_code not in (200, 201):
                refused(reply)
                return None
            body, wrong = read(reply, fault)
            if wrong:
                reply.failure(wrong)
                return None
            return body


def read(reply, fault):
    """The JSON of a reply, and what is wrong with it or None."""
    try:
        body = reply.json()
        return body, fault(body) if fault else None
    except (ValueError, LookupError, TypeError) as error:
        return None, f"a body that Agon does not send: {error!r}"


def refused(reply):
    """Counts a reply as a failure, under its status and the server's code for what is wrong."""
    if reply.status_code == 0:
        reply.failure(f"no reply: {reply.error}")
        return
    try:
        code = reply.json()["code"]
    except (ValueError, KeyError, TypeError):
        code = "no problem document"
    reply.failure(f"{reply.status_code} {code}")
