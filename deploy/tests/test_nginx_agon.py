"""nginx.conf with a real nginx and two real nodes: what needs the both of them.

Needs PROGRAM_NGINX and PROGRAM_AGON. The nodes have a store each, so a test does to both what it asks for.
"""

import http.client
import json
import os
import threading
import time
import unittest

from agon import Agon
from nginx import Nginx, free_address
from node import until

NGINX, AGON = os.environ["PROGRAM_NGINX"], os.environ["PROGRAM_AGON"]
ADA = "e4cdb120-28fc-4285-a78d-eb48660b7730"
BURST = 20
# Proxies on this machine are believed, and whoever says nothing of who they are has a limit, as behind the real one.
SETTINGS = {
    "AGON_SERVER__TRUSTED_PROXIES": "127.0.0.1",
    "AGON_RATE_LIMIT__ENABLED": "on",
    "AGON_RATE_LIMIT__ANONYMOUS_PER_S": "0.01",
    "AGON_RATE_LIMIT__ANONYMOUS_BURST": str(BURST),
}
# The tests themselves ask the nodes from 127.0.0.1, which is never out of breath.
WITHOUT_LIMITS = {"AGON_RATE_LIMIT__ENABLED": "off"}
# What is to come at once comes long before this; what waits would take far longer.
AT_ONCE_S = 5
DUEL = {"teams": {"count": 2, "min_size": 1, "max_size": 1}}


class Client:
    """Somebody with an address of this machine, which nginx sees as theirs."""

    def __init__(self, nginx, address="127.0.0.1"):
        self.nginx, self.address = nginx, address

    def begin(self, method, path, headers=None, body=None):
        host, port = self.nginx.address.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60, source_address=(self.address, 0))
        headers = {"content-type": "application/json"} | (headers or {})
        connection.request(method, path, body and json.dumps(body), headers)
        return connection, connection.getresponse()

    def ask(self, *arguments):
        connection, reply = self.begin(*arguments)
        reply.text = reply.read().decode()
        connection.close()
        return reply


class Limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        agon = cls.enterClassContext(Agon(AGON, **SETTINGS))
        cls.nginx = cls.enterClassContext(Nginx(NGINX, [agon.address] * 3))

    def test_each_client_has_a_limit_of_its_own_and_cannot_choose_another(self):
        flood, other = Client(self.nginx, "127.0.0.5"), Client(self.nginx, "127.0.0.6")
        statuses = [flood.ask("GET", "/leaderboard").status for _ in range(BURST + 1)]
        self.assertEqual([200] * BURST + [429], statuses)
        for forged in [{"x-forwarded-for": "192.0.2.7"}, {"forwarded": "for=192.0.2.7"}, {"x-real-ip": "192.0.2.7"},
                       {"x-forwarded-for": "192.0.2.7, 127.0.0.1"}]:
            refused = flood.ask("GET", "/leaderboard", forged)
            self.assertEqual((429, "rate_limited"), (refused.status, json.loads(refused.text)["code"]), forged)
        self.assertGreater(int(refused.headers["retry-after"]), 1)
        self.assertEqual(200, other.ask("GET", "/leaderboard").status)


class TwoNodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.nodes = [cls.enterClassContext(Agon(AGON, **WITHOUT_LIMITS)) for _ in range(2)]
        addresses = [node.address for node in cls.nodes]
        # The third has never been there.
        cls.nginx = cls.enterClassContext(Nginx(NGINX, [free_address(), *addresses]))
        cls.client = Client(cls.nginx)
        cls.everywhere("POST", "/user/create", {"user_id": ADA, "display_name": "ada", "country": "tr"})

    @classmethod
    def everywhere(cls, method, path, body=None):
        for node in cls.nodes:
            node.ask(method, path, body)

    def test_events_of_a_board_come_at_once(self):
        connection, reply = self.client.begin("GET", f"/v1/boards/global/events?top=1&player={ADA}")
        self.addCleanup(connection.close)
        self.assertEqual(0, self.next_event(reply)["player"]["score"])
        began = time.monotonic()
        self.everywhere("POST", "/score/submit", {"user_id": ADA, "score_worth": 7})
        self.assertEqual(7, self.next_event(reply)["player"]["score"])
        self.assertLess(time.monotonic() - began, AT_ONCE_S)

    def test_events_of_a_ticket_come_at_once(self):
        self.wait_in("events-queue")
        connection, reply = self.client.begin("GET", "/v1/queues/events-queue/tickets/t/events")
        self.addCleanup(connection.close)
        self.assertEqual("waiting", self.next_event(reply)["status"])
        began = time.monotonic()
        self.everywhere("DELETE", "/v1/queues/events-queue/tickets/t")
        while self.next_event(reply)["status"] == "waiting":
            pass
        self.assertLess(time.monotonic() - began, AT_ONCE_S)

    def test_who_waits_for_a_ticket_is_answered_when_it_changes(self):
        self.wait_in("polled-queue")
        path = "/v1/queues/polled-queue/tickets/t"
        replies = []
        waiter = threading.Thread(target=lambda: replies.append(self.client.ask("GET", f"{path}?wait=55s")))
        waiter.start()
        self.assertFalse(until(lambda: replies, 2), "it does not wait")
        began = time.monotonic()
        self.everywhere("DELETE", path)
        waiter.join()
        self.assertEqual("cancelled", json.loads(replies[0].text)["status"])
        self.assertLess(time.monotonic() - began, AT_ONCE_S)

    def test_a_body_that_is_too_large_is_refused_as_agon_does(self):
        def shape(reply):
            return reply.status, reply.headers["content-type"], set(json.loads(reply.text))
        body = {"user_id": "x" * (16 << 20)}
        by_nginx = self.client.ask("POST", "/user/create", None, body)
        node = http.client.HTTPConnection(*self.nodes[0].address.split(":"), timeout=20)
        self.addCleanup(node.close)
        headers = {"content-length": str(17 << 20), "content-type": "application/json"}
        node.request("POST", "/user/create", headers=headers)
        by_agon = node.getresponse()
        by_agon.text = by_agon.read().decode()
        self.assertEqual(shape(by_agon), shape(by_nginx))

    def test_what_agon_says_of_itself_reaches_the_log(self):
        reply = self.client.ask("GET", "/leaderboard?limit=1")
        self.assertTrue(until(lambda: self.nginx.logged("/leaderboard")))
        ids = [line["request_id"] for line in self.nginx.logged("/leaderboard")]
        self.assertIn(reply.headers["x-request-id"], ids)

    def wait_in(self, queue):
        """A ticket that nobody matches, in a queue of its own."""
        self.everywhere("PUT", f"/v1/queues/{queue}", DUEL)
        self.everywhere("POST", f"/v1/queues/{queue}/tickets", {"ticket_id": "t", "players": [{"player_id": ADA}]})

    def next_event(self, reply):
        while not (line := reply.readline()).startswith(b"data: "):
            self.assertTrue(line, "the stream has ended")
        return json.loads(line.removeprefix(b"data: "))


class Stopping(unittest.TestCase):
    def test_a_node_that_is_stopped_costs_nobody_a_request(self):
        with Agon(AGON, **WITHOUT_LIMITS) as first, Agon(AGON, **WITHOUT_LIMITS) as second, \
                Nginx(NGINX, [first.address, second.address, first.address]) as nginx:
            failed, ended = [], threading.Event()

            def read():
                client = Client(nginx)
                while not ended.is_set():
                    reply = client.ask("GET", "/leaderboard")
                    if reply.status != 200:
                        failed.append(reply.text)

            readers = [threading.Thread(target=read) for _ in range(4)]
            for reader in readers:
                reader.start()
            time.sleep(0.5)
            first.stop()
            time.sleep(0.5)
            ended.set()
            for reader in readers:
                reader.join()
            self.assertEqual([], failed)


if __name__ == "__main__":
    unittest.main()
