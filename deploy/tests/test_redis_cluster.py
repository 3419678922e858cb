"""The Redis Cluster of deploy/redis, with its own scripts and settings and real servers on ports of this machine.

Needs redis-server and redis-cli on the path.
"""

import os
import pathlib
import random
import socket
import subprocess
import tempfile
import unittest

import shipped
from node import until

PASSWORD = "a-password.of+tests/="
NODES = 6
# Below those that the system gives to connections, with those of the cluster's own traffic, which are so much higher.
PORTS, BUS = range(11000, 22000), 10000
# Of what they do in well under a second.
LIMIT_S = 20


def is_free(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


class Cluster:
    """Six servers with data of their own."""

    def __init__(self):
        self.dir = tempfile.TemporaryDirectory()
        self.servers = []
        self.move()

    def move(self):
        """Everybody gets another address, as after all containers were made anew."""
        self.ports = []
        while len(self.ports) < NODES:
            port = random.choice(PORTS)
            if port not in self.ports and is_free(port) and is_free(port + BUS):
                self.ports.append(port)

    def environment(self, **more):
        return os.environ | {"REDIS_PASSWORD": PASSWORD, "REDIS_NODE": "localhost", "LIMIT_S": str(LIMIT_S)} | more

    def data(self, at):
        return pathlib.Path(self.dir.name) / str(at)

    def start(self):
        self.servers = [self.server(at) for at in range(NODES)]

    def server(self, at):
        self.data(at).mkdir(exist_ok=True)
        options = ["--port", str(self.ports[at]), "--bind", "127.0.0.1"]
        log = (pathlib.Path(self.dir.name) / f"{at}.log").open("ab")
        with log:
            return subprocess.Popen([shipped.REDIS / "node.sh", "start", *options], stdout=log, stderr=log,
                                    stdin=subprocess.DEVNULL, env=self.environment(REDIS_DATA=str(self.data(at))))

    def stop(self):
        for server in self.servers:
            server.kill()
        for server in self.servers:
            server.wait()

    def create(self, **environment):
        names = [f"127.0.0.1:{port}" for port in self.ports]
        return subprocess.run([shipped.REDIS / "create.sh", *names], env=self.environment(**environment), check=False,
                              capture_output=True, text=True, timeout=3 * LIMIT_S)

    def ask(self, at, *command):
        client = ["redis-cli", "-e", "-c", "-p", str(self.ports[at])]
        return subprocess.run([*client, *command], env=self.environment(REDISCLI_AUTH=PASSWORD), check=True,
                              capture_output=True, text=True, timeout=LIMIT_S).stdout.strip()

    def ask_there(self, at, *command):
        """What a node says itself, also where that is to ask another one."""
        client = ["redis-cli", "-p", str(self.ports[at])]
        return subprocess.run([*client, *command], env=self.environment(REDISCLI_AUTH=PASSWORD), check=True,
                              capture_output=True, text=True, timeout=LIMIT_S).stdout.strip()

    def health(self, at):
        return subprocess.run([shipped.REDIS / "node.sh", "health"], check=False, capture_output=True, text=True,
                              env=self.environment(REDIS_PORT=str(self.ports[at])), timeout=LIMIT_S)

    def roles(self):
        """Of each node: whether it is a master, whose replica it is, and its slots, by places in the list."""
        ids = [self.ask(at, "cluster", "myid") for at in range(NODES)]
        lines = {line.split()[0]: line.split() for line in self.ask(0, "cluster", "nodes").splitlines()}
        masters = {ids.index(one): lines[one][8:] for one in ids if "master" in lines[one][2]}
        replicas = {ids.index(one): ids.index(lines[one][3]) for one in ids if "slave" in lines[one][2]}
        return masters, replicas


class WithCluster(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.addCleanup(self.cluster.dir.cleanup)
        self.addCleanup(self.cluster.stop)
        self.cluster.start()

    def create(self):
        made = self.cluster.create()
        self.assertEqual(0, made.returncode, made.stdout + made.stderr)
        return made.stdout

    def assert_pairs(self):
        self.assertTrue(until(lambda: len(self.cluster.roles()[1]) == 3))
        masters, replicas = self.cluster.roles()
        self.assertEqual({0: ["0-5460"], 1: ["5461-10922"], 2: ["10923-16383"]}, masters)
        self.assertEqual({3: 0, 4: 1, 5: 2}, replicas)


class Making(WithCluster):
    def test_three_masters_with_a_replica_each_and_again_changes_nothing(self):
        self.create()
        self.assert_pairs()
        before = self.cluster.ask(0, "cluster", "nodes").count("connected")
        self.cluster.ask(0, "set", "{agon:0}:k", "v")
        self.assertEqual("the cluster is well\n", self.create())
        self.assert_pairs()
        self.assertEqual((before, "v"), (NODES, self.cluster.ask(3, "get", "{agon:0}:k")))
        # Clients are sent to names.
        slot = self.cluster.ask(0, "cluster", "keyslot", "{agon:0}")
        place = self.cluster.ask_there(5, "get", "{agon:0}:k")
        self.assertRegex(place, rf"MOVED {slot} localhost:\d+")

    def test_it_goes_on_where_it_was_stopped(self):
        # A client that fails after so many questions stands for a container that is killed.
        with tempfile.TemporaryDirectory() as place:
            client = pathlib.Path(place) / "redis-cli"
            for last in [8, 11, 25, 40]:
                client.write_text(f'#!/bin/sh\necho >> {place}/asked\n'
                                  f'[ "$(wc -l < {place}/asked)" -le {last} ] || exit 1\n'
                                  f'PATH={os.environ["PATH"]} exec redis-cli "$@"\n', encoding="utf-8")
                client.chmod(0o755)
                (pathlib.Path(place) / "asked").unlink(missing_ok=True)
                stopped = self.cluster.create(PATH=f"{place}:{os.environ['PATH']}", LIMIT_S="1")
                self.assertNotEqual(0, stopped.returncode)
        self.create()
        self.assert_pairs()

    def test_nodes_find_each_other_under_new_addresses(self):
        self.create()
        self.cluster.ask(0, "set", "{agon:0}:k", "v")
        self.cluster.stop()
        self.cluster.move()
        self.cluster.start()
        self.create()
        self.assert_pairs()
        self.assertEqual("v", self.cluster.ask(0, "get", "{agon:0}:k"))

    def test_a_node_with_an_empty_disk_follows_the_one_that_took_over(self):
        self.create()
        self.cluster.ask(0, "set", "{agon:0}:k", "v")
        slot = self.cluster.ask(0, "cluster", "keyslot", "{agon:0}")
        master = next(at for at in range(3) if self.cluster.ask(at, "cluster", "countkeysinslot", slot) == "1")
        # The replica has it before the master is gone.
        self.assertTrue(until(lambda: self.cluster.ask(master + 3, "dbsize") == "1"))
        self.cluster.servers[master].kill()
        self.cluster.servers[master].wait()
        other = (master + 1) % 3
        self.assertTrue(until(lambda: f"{self.id(master + 3)} " in self.masters(other), LIMIT_S))
        for left in ["nodes.conf", "appendonlydir"]:
            subprocess.run(["rm", "-r", self.cluster.data(master) / left], check=True)
        self.cluster.servers[master] = self.cluster.server(master)
        self.create()
        self.assertTrue(until(lambda: "myself,slave" in self.cluster.ask(master, "cluster", "nodes")))
        self.assertTrue(until(lambda: self.cluster.ask(master, "dbsize") == "1"))
        self.assertEqual("v", self.cluster.ask(other, "get", "{agon:0}:k"))

    def id(self, at):
        return self.cluster.ask(at, "cluster", "myid")

    def masters(self, at):
        """The lines of masters with slots, as a node sees them."""
        lines = self.cluster.ask(at, "cluster", "nodes").splitlines()
        return "\n".join(one for one in lines if "master" in one and "fail" not in one and len(one.split()) > 8)


class Servers(WithCluster):
    def test_they_keep_to_the_shipped_settings_and_ask_for_the_password(self):
        self.assertTrue(until(lambda: self.cluster.health(0).returncode == 0))
        settings = dict(line.split(None, 1) for line in (shipped.REDIS / "redis.conf").read_text(encoding="utf-8")
                        .splitlines() if line and not line.startswith("#"))
        for name in ["appendonly", "appendfsync", "maxmemory-policy", "cluster-node-timeout", "cluster-enabled"]:
            self.assertEqual(settings[name], self.cluster.ask(0, "config", "get", name).splitlines()[1])
        stranger = subprocess.run(["redis-cli", "-p", str(self.cluster.ports[0]), "get", "x"], check=False,
                                  capture_output=True, text=True)
        self.assertIn("NOAUTH", stranger.stdout + stranger.stderr)
        shown = pathlib.Path(f"/proc/{self.cluster.servers[0].pid}/cmdline").read_bytes()
        self.assertNotIn(PASSWORD.encode(), shown)

    def test_one_that_has_ended_is_not_well(self):
        self.assertTrue(until(lambda: self.cluster.health(1).returncode == 0))
        self.cluster.servers[1].kill()
        self.cluster.servers[1].wait()
        self.assertNotEqual(0, self.cluster.health(1).returncode)


class Refusals(unittest.TestCase):
    def start(self, **environment):
        return subprocess.run([shipped.REDIS / "node.sh", "start", "--port", "0"], check=False, capture_output=True,
                              text=True, env={"PATH": os.environ["PATH"]} | environment, timeout=LIMIT_S)

    def test_without_a_good_password_and_a_name_nothing_starts(self):
        for environment, complaint in [
            ({}, "neither"),
            ({"REDIS_PASSWORD": 'a" b'}, "may have letters"),
            ({"REDIS_PASSWORD": "a"}, "the name under which"),
        ]:
            refused = self.start(**environment)
            self.assertEqual((True, True), (refused.returncode in (1, 2), complaint in refused.stderr), refused)


if __name__ == "__main__":
    unittest.main()
