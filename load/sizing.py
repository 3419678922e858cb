"""Measures what a server needs for so many players: memory, disk, time to start.

    cargo build --release
    python3 load/sizing.py target/release/agon --players 1000000

Every step ends with a stop and a start, so that memory is that of a server which has read its data and done
nothing else. Where it says "each", what the step before needed is taken off. docs/operating.md has figures.
Needs nothing but Python, on Linux.
"""

import argparse
import atexit
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import uuid

COUNTRIES = ("tr", "us", "de", "fr", "jp")
BATCH = 20_000
CLIENTS = 8

# Nobody is ever near enough to anybody: the tickets wait.
QUEUE = {
    "teams": {"count": 2, "min_size": 1, "max_size": 1},
    "rating": {"spread": 0.001, "widen_per_s": 0, "max_spread": 0.001},
    "ticket_ttl_ms": 3_600_000,
}


class Server:
    """A running Agon; `started_s` is how long it took to be up, and `started_cpu_s` what the processor did for it."""

    def __init__(self, program, data):
        began = time.monotonic()
        self.process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--data-dir", data],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        # Where a step fails, nothing stays behind.
        atexit.register(self.process.kill)
        for line in self.process.stdout:
            found = re.search(r"leaderboard\s+http://([\d.]+):(\d+)/", line)
            if found:
                break
        else:
            raise SystemExit("agon did not start")
        self.started_s = time.monotonic() - began
        self.started_cpu_s = self.processor_s()
        self.address = found.group(1), int(found.group(2))

    def processor_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Bytes of memory, shared pages included."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def connection(self):
        return http.client.HTTPConnection(*self.address, timeout=600)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=120)
        if self.process.returncode != 0:
            raise SystemExit(f"agon ended with {self.process.returncode}")


def send(connection, method, path, body, kind="application/json", headers={}):
    connection.request(method, path, body, {"content-type": kind, **headers})
    reply = connection.getresponse()
    text = reply.read()
    if reply.status >= 300:
        raise SystemExit(f"{method} {path} gave {reply.status}: {text[:500]}")


def player(number):
    return str(uuid.UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128))


def make_players(server, count):
    """Players with ten letters of name and a country, each with an entry on the classic board."""
    connection = server.connection()
    for start in range(0, count, BATCH):
        users = [
            {
                "user_id": player(n),
                "display_name": f"p{n:09}",
                "country": COUNTRIES[n % 5],
                "points": n * 7919 % count,
            }
            for n in range(start, min(count, start + BATCH))
        ]
        send(connection, "POST", "/user/create", json.dumps(users))


def make_entries(server, count):
    """An entry of each player on a second board, with ranks by country."""
    connection = server.connection()
    send(connection, "PUT", "/v1/boards/second", json.dumps({"operator": "best"}))
    for start in range(0, count, BATCH):
        numbers = range(start, min(count, start + BATCH))
        lines = [json.dumps({"player_id": player(n), "score": n * 104729 % count}) for n in numbers]
        path = "/v1/boards/second/scores:batch"
        send(connection, "POST", path, "\n".join(lines), "application/x-ndjson")


def make_tickets(server, count):
    """Tickets of one player that wait."""
    send(server.connection(), "PUT", "/v1/queues/sizing", json.dumps(QUEUE))

    def ticket(connection, n):
        party = {"players": [{"player_id": player(n), "rating": n, "deviation": 80}]}
        send(connection, "POST", "/v1/queues/sizing/tickets", json.dumps(party))

    side_by_side(server, count, ticket)


def make_keys(server, count):
    """Submissions that can be retried: their replies are kept for a day."""

    def submission(connection, n):
        score = json.dumps({"user_id": player(n), "score_worth": 1})
        key = {"idempotency-key": f"key-{n}"}
        send(connection, "POST", "/score/submit", score, headers=key)

    side_by_side(server, count, submission)


def side_by_side(server, count, one):
    def some(first):
        connection = server.connection()
        for n in range(first, count, CLIENTS):
            one(connection, n)

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(some, range(CLIENTS)))


def connection_bytes(server, count):
    """Memory for each connection that has asked something and stays open."""
    before = server.memory()
    opened = []
    for _ in range(count):
        connection = socket.create_connection(server.address)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: sizing\r\n\r\n")
        connection.recv(4096)
        opened.append(connection)
    grown = server.memory() - before
    for connection in opened:
        connection.close()
    return grown / count


def disk(data):
    return sum(file.stat().st_blocks * 512 for file in pathlib.Path(data).rglob("*") if file.is_file())


class Round:
    """One data directory, filled step by step."""

    def __init__(self, program):
        self.program = program
        self.figures = {}
        self.memory = self.disk = 0

    def step(self, data, name, count, fill):
        """Fills the store, starts it anew three times, and notes what that needs beyond the step before."""
        if fill:
            server = Server(self.program, data)
            began = time.monotonic()
            fill(server, count)
            self.figures[f"{name}: filling, s"] = time.monotonic() - began
            self.figures[f"{name}: memory after filling, MiB"] = server.memory() / 2**20
            server.stop()
        started, processor = [], []
        for _ in range(3):
            server = Server(self.program, data)
            started.append(server.started_s)
            processor.append(server.started_cpu_s)
            memory = server.memory()
            server.stop()
        self.figures[f"{name}: start, s"] = statistics.median(started)
        self.figures[f"{name}: start, processor s"] = statistics.median(processor)
        self.figures[f"{name}: memory after a start, MiB"] = memory / 2**20
        self.figures[f"{name}: disk, MiB"] = disk(data) / 2**20
        if count:
            self.figures[f"{name}: memory, bytes each"] = (memory - self.memory) / count
            self.figures[f"{name}: disk, bytes each"] = (disk(data) - self.disk) / count
        self.memory, self.disk = memory, disk(data)


def measure(program, players, tickets, connections):
    with tempfile.TemporaryDirectory() as data:
        one = Round(program)
        one.step(data, "empty", 0, None)
        one.step(data, "players", players, make_players)
        one.step(data, "entries", players, make_entries)
        if tickets:
            one.step(data, "tickets", tickets, make_tickets)
            one.step(data, "keys", tickets, make_keys)
        server = Server(program, data)
        one.figures["connection: memory, bytes each"] = connection_bytes(server, connections)
        server.stop()
        return one.figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the agon binary")
    parser.add_argument("--players", type=int, default=100_000)
    parser.add_argument("--tickets", type=int, default=20_000, help="and idempotency keys")
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if args.tickets > args.players:
        parser.error("a ticket needs a player")
    sizes = args.players, args.tickets, args.connections
    rounds = [measure(args.program, *sizes) for _ in range(args.rounds)]
    print(f"{args.players} players, {args.tickets} tickets, medians of {args.rounds} rounds")
    for name in rounds[0]:
        figures = [figures[name] for figures in rounds]
        print(f"{name:<40} {statistics.median(figures):>12.2f}   {min(figures):.2f} to {max(figures):.2f}")


if __name__ == "__main__":
    main()
