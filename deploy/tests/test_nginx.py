"""nginx.conf with a real nginx and nodes that fail as they are told to.

Needs PROGRAM_NGINX. What a real Agon makes of it is in test_nginx_agon.py.
"""

import http.client
import json
import os
import re
import subprocess
import tempfile
import time
import unittest

import shipped
from nginx import Nginx, accepts, trusting
from node import Node, until

PROGRAM = os.environ["PROGRAM_NGINX"]
# As long as it leaves a node out here: it counts in whole seconds, and begins anew with the next.
LEFT_OUT_S = 2.1
# Rounds among three nodes: each is asked in some of them.
ROUNDS = 12


def ask(address, method, path, body=None, headers=None, **more):
    """A reply with its body read, on a connection of its own."""
    kind = http.client.HTTPSConnection if "context" in more else http.client.HTTPConnection
    connection = kind(*address.split(":"), timeout=20, **more)
    try:
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        reply.text = reply.read().decode()
        return reply
    finally:
        connection.close()


class WithNodes(unittest.TestCase):
    """Three nodes, which a test tells how to treat requests."""

    @classmethod
    def setUpClass(cls):
        cls.nodes = [Node() for _ in range(3)]
        cls.nginx = cls.enterClassContext(Nginx(PROGRAM, [node.address for node in cls.nodes]))
        for node in cls.nodes:
            cls.addClassCleanup(node.stop)

    def begin(self, *manners):
        # What the last test has done to nodes is forgotten by then.
        time.sleep(LEFT_OUT_S)
        for node, manner in zip(self.nodes, manners, strict=True):
            node.begin(manner)

    def ask(self, *arguments, **more):
        return ask(self.nginx.address, *arguments, **more)

    def times(self, line):
        return sum(node.times(line) for node in self.nodes)


class Failures(WithNodes):
    def test_readings_cut_by_a_node_are_asked_of_another(self):
        self.begin("answer", "cut", "answer")
        statuses = [self.ask("GET", "/v1/boards").status for _ in range(ROUNDS)]
        self.assertEqual([200] * ROUNDS, statuses)
        self.assertGreater(len(self.nodes[1].asked), 0, "the node was never asked, so nothing is shown")

    def test_a_post_that_a_node_has_got_is_never_sent_again(self):
        self.begin("answer", "cut", "answer")
        for at in range(ROUNDS):
            reply = self.ask("POST", f"/score/submit?n={at}", "{}", {"idempotency-key": str(at)})
            self.assertIn(reply.status, (200, 502))
            self.assertEqual(1, self.times(f"POST /score/submit?n={at}"))
        cut = len(self.nodes[1].asked)
        self.assertGreater(cut, 0, "the node was never asked, so nothing is shown")
        self.assertLess(cut, ROUNDS / 2, "a node that fails is asked as if it did not")

    def test_a_post_without_a_reply_says_what_to_do(self):
        self.begin("cut", "cut", "cut")
        reply = self.ask("POST", "/score/submit?n=last", "{}")
        self.assertEqual((502, "1"), (reply.status, reply.headers["retry-after"]))
        self.assertEqual("application/problem+json", reply.headers["content-type"])
        self.assertEqual("no_reply", json.loads(reply.text)["code"])
        self.assertEqual(1, self.times("POST /score/submit?n=last"))

    def test_a_frozen_node_is_passed_over_by_quick_readings(self):
        for path in ["/leaderboard", "/leaderboard/tr", "/user/profile/1", "/v1/boards/b/entries",
                     "/v1/boards/b/entries:around-score?score=1", "/v1/boards/b/stats"]:
            with self.subTest(path):
                self.begin("freeze", "answer", "answer")
                statuses = [self.ask("GET", path).status for _ in range(ROUNDS)]
                self.assertEqual([200] * ROUNDS, statuses)
                self.assertEqual(1, len(self.nodes[0].asked), "it is asked again at once, or never was")

    def test_a_node_that_is_back_is_asked_again(self):
        self.begin("cut", "answer", "answer")
        self.assertTrue(until(lambda: self.ask("GET", "/v1/boards").status == 200 and self.nodes[0].asked))
        self.begin("answer", "answer", "answer")
        self.assertTrue(until(lambda: self.ask("GET", "/v1/boards").status == 200 and self.nodes[0].asked))

    def test_a_node_that_says_no_for_now_is_believed(self):
        self.begin("busy", "busy", "busy")
        for at in range(6):
            reply = self.ask("GET", f"/v1/boards?n={at}")
            self.assertEqual((503, "7", '{"code":"overloaded"}'),
                             (reply.status, reply.headers["retry-after"], reply.text))
            self.assertEqual(1, self.times(f"GET /v1/boards?n={at}"))


class DeadNodes(unittest.TestCase):
    def test_nobody_notices_nodes_that_do_not_listen(self):
        lives, gone, away = Node(), Node(), Node()
        addresses = [node.address for node in (gone, lives, away)]
        gone.stop()
        away.stop()
        self.addCleanup(lives.stop)
        self.assertEqual([True, False, False], [accepts(node.address) for node in (lives, gone, away)])
        with Nginx(PROGRAM, addresses) as nginx:
            for at in range(ROUNDS):
                for method in ["GET", "POST"]:
                    self.assertEqual(200, ask(nginx.address, method, f"/user/create?n={at}", "{}").status)
                    self.assertEqual(1, lives.times(f"{method} /user/create?n={at}"))

    def test_without_any_node_there_is_a_problem(self):
        gone = Node()
        gone.stop()
        with Nginx(PROGRAM, [gone.address] * 3) as nginx:
            reply = ask(nginx.address, "GET", "/leaderboard")
            self.assertEqual((502, "no_reply"), (reply.status, json.loads(reply.text)["code"]))
            self.assertEqual("alive\n", ask(nginx.own_address, "GET", "/healthz").text)


class Passing(WithNodes):
    def test_events_are_passed_on_at_once(self):
        for path in ["/v1/boards/b/events?top=3", "/v1/queues/q/tickets/t/events"]:
            with self.subTest(path):
                self.begin("trickle", "trickle", "trickle")
                for node in self.nodes:
                    node.released.clear()
                connection = http.client.HTTPConnection(*self.nginx.address.split(":"), timeout=10)
                self.addCleanup(connection.close)
                connection.request("GET", path)
                reply = connection.getresponse()
                # The second is sent only once the first has been seen.
                self.assertEqual(b"data: first\n", reply.readline())
                reply.readline()
                for node in self.nodes:
                    node.released.set()
                self.assertEqual(b"data: second\n", reply.readline())

    def test_connections_are_kept(self):
        self.begin("answer", "answer", "answer")
        for _ in range(60):
            self.ask("GET", "/v1/boards")
        # Two workers with three nodes.
        self.assertLessEqual(sum(node.connections for node in self.nodes), 6)

    def test_paths_and_headers_go_on_as_they_came(self):
        self.begin("answer", "answer", "answer")
        path = "/v1/boards/b/entries/a%2Fb%20c//d?segment=country%3Atr&x=%2B"
        forged = {"x-forwarded-for": "192.0.2.1", "forwarded": "for=192.0.2.1", "idempotency-key": "k",
                  "authorization": "Bearer secret", "connection": "close, x-mine", "host": "game.example:81"}
        self.ask("GET", path, None, forged)
        line, headers, _ = next(node.asked[0] for node in self.nodes if node.asked)
        headers = {name.lower(): value for name, value in headers.items()}
        self.assertEqual(f"GET {path}", line)
        self.assertEqual(("127.0.0.1", "http", "game.example:81", "k", "Bearer secret"),
                         (headers["x-forwarded-for"], headers["x-forwarded-proto"], headers["host"],
                          headers["idempotency-key"], headers["authorization"]))
        self.assertNotIn("forwarded", headers)
        self.assertNotIn("connection", headers)

    def test_bodies_have_the_limits_of_agon(self):
        mebibyte = 1 << 20
        self.begin("answer", "answer", "answer")
        for path, largest in [("/user/create", 16), ("/v1/match", 64)]:
            with self.subTest(path):
                body = bytes(largest * mebibyte)
                self.assertEqual(200, self.ask("POST", path, body).status)
                reply = self.ask("POST", path, body + b" ")
                self.assertEqual((413, "body_too_large"), (reply.status, json.loads(reply.text)["code"]))
        lines = (bytes(mebibyte) for _ in range(20))
        self.assertEqual(200, self.ask("POST", "/v1/boards/b/scores:batch", lines).status)
        self.assertIn(20 * mebibyte, [length for node in self.nodes for _, _, length in node.asked])

    def test_figures_are_not_for_the_public(self):
        self.begin("answer", "answer", "answer")
        for path in ["/metrics", "//metrics", "/%6detrics", "/x/../metrics"]:
            reply = self.ask("GET", path)
            self.assertEqual((404, "not_found"), (reply.status, json.loads(reply.text)["code"]), path)
        self.assertEqual([], [node.asked for node in self.nodes if node.asked])

    def test_the_log_tells_where_time_went_and_no_secret(self):
        self.begin("answer", "cut", "answer")
        headers = {"authorization": "Bearer secret-key"}
        for _ in range(ROUNDS):
            self.ask("GET", "/v1/boards/logged?cursor=secret-cursor", None, headers)
        self.assertTrue(until(lambda: len(self.nginx.logged("/v1/boards/logged")) == ROUNDS))
        lines = self.nginx.logged("/v1/boards/logged")
        twice = [line for line in lines if "," in line["node"]]
        self.assertEqual("502, 200", twice[0]["node_status"])
        self.assertEqual({("127.0.0.1", "GET", 200)}, {(one["client"], one["method"], one["status"]) for one in lines})
        for line in lines:
            self.assertRegex(line["node_s"], r"^[\d.]+(, [\d.]+)?$")
        self.assertNotIn("secret", self.nginx.log("access.log"))


class Files(unittest.TestCase):
    def test_nginx_has_nothing_to_complain_of(self):
        nginx = Nginx(PROGRAM, ["127.0.0.1:1"] * 3)
        self.addCleanup(nginx.dir.cleanup)
        self.assertEqual("", nginx.faults())

    def test_tls_is_spoken_once_it_is_uncommented(self):
        with tempfile.TemporaryDirectory() as place:
            certificate, key = f"{place}/cert.pem", f"{place}/key.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                            "-keyout", key, "-out", certificate], check=True, capture_output=True)
            node = Node()
            self.addCleanup(node.stop)
            with Nginx(PROGRAM, [node.address] * 3, (certificate, key)) as nginx:
                reply = ask(nginx.address, "GET", "/leaderboard", context=trusting(certificate))
                self.assertEqual((200, "max-age=31536000"), (reply.status, reply.headers["strict-transport-security"]))
                self.assertEqual("https", node.asked[0][1]["X-Forwarded-Proto"])

    def test_times_and_sizes_fit_those_of_agon(self):
        text, settings = shipped.NGINX.read_text(encoding="utf-8"), shipped.settings()
        said = {name: re.search(rf"^ *{name} ([^;]+);", text, re.MULTILINE).group(1)
                for name in ["client_max_body_size", "large_client_header_buffers", "client_header_timeout",
                             "client_body_timeout"]}
        self.assertEqual('"16.0 MiB"', settings["server.max_body"])
        self.assertEqual('"64.0 MiB"', settings["matchmaking.request_max_body"])
        self.assertEqual(["16m", "0", "64m"], re.findall(r"client_max_body_size (\w+);", text))
        self.assertEqual(('"32.0 KiB"', "4 32k"), (settings["server.max_header"], said["large_client_header_buffers"]))
        self.assertEqual(('"10s"', "10s"), (settings["server.header_read_timeout"], said["client_header_timeout"]))
        self.assertEqual(('"30s"', "30s"), (settings["server.body_read_timeout"], said["client_body_timeout"]))
        # Of the nodes' connections, then of the clients'.
        self.assertEqual(('"1m 15s"', ["60s", "75s"]),
                         (settings["server.idle_timeout"], re.findall(r"keepalive_timeout (\w+);", text)))
        # The longest wait for a ticket is a minute, and so is that for an upstream.
        self.assertEqual(["75s", "10s", "10s"], re.findall(r"proxy_read_timeout (\w+);", text))
        # Spoken of in a comment, as what must not be there.
        self.assertIn("proxy_next_upstream error timeout;", text)


if __name__ == "__main__":
    unittest.main()
