"""The wheel: the same shapes as the Match API's, every fault told, other threads left to run."""

import ast
import copy
import json
import math
import pathlib
import sys
import threading
import unittest

import agon_match

RULES = {
    "teams": {"count": 2, "min_size": 1},
    "rating": {"spread": 100, "widen_per_s": 10, "max_spread": 500, "max_team_gap": 60, "clock": "oldest"},
    "latency": {"max_ms": 80, "widen_ms_per_s": 2, "ceiling_ms": 200},
    "attributes": [{"name": "mode", "rule": "equal"}],
}


def player(number):
    return f"00000000-0000-4000-8000-{number:012}"


def ticket(number, rating=1500):
    return {
        "ticket_id": f"t{number}",
        "waited_s": 12.5,
        "priority": 0,
        "avoid": [],
        "players": [
            {
                "player_id": player(number),
                "rating": rating,
                "deviation": 80,
                "roles": ["tank", "damage"],
                "latencies_ms": {"eu": 31, "us": 120},
                "attributes": {"mode": "ranked"},
            }
        ],
    }


def faults(rules, tickets, **others):
    try:
        agon_match.match(rules, tickets, **others)
    except agon_match.InvalidRequest as error:
        listed = [f"{fault['pointer']} {fault['detail']}" for fault in error.faults]
        assert str(error) == "\n".join(listed)
        return listed
    raise AssertionError("nothing is wrong")


class Matching(unittest.TestCase):
    def test_tickets_are_matched(self):
        reply = agon_match.match(RULES, [ticket(1, 1500), ticket(2, 1510.5), ticket(3, 2500)])
        self.assertEqual(list(reply), ["matches", "unmatched"])
        (match,) = reply["matches"]
        expected = ["teams", "region", "rating_spread", "team_gap", "win_probabilities", "longest_wait_s"]
        self.assertEqual(list(match), expected)
        self.assertEqual((match["region"], match["rating_spread"]), ("eu", 10.5))
        self.assertEqual((match["team_gap"], match["longest_wait_s"]), (10.5, 12.5))
        self.assertAlmostEqual(sum(match["win_probabilities"]), 1)
        teams = sorted(match["teams"], key=lambda team: team["tickets"])
        self.assertEqual(
            teams[0],
            {"tickets": ["t1"], "players": [{"player_id": player(1), "role": None}], "rating": 1500.0},
        )
        (left,) = reply["unmatched"]
        self.assertEqual(left["ticket_id"], "t3")
        self.assertTrue(left["reason"] and left["detail"])

    def test_the_same_has_the_same_reply_and_is_left_as_it_was(self):
        rules, tickets = copy.deepcopy(RULES), [ticket(n, 1000 + n * 7919 % 1000) for n in range(500)]
        before = json.dumps([rules, tickets])
        first = json.dumps(agon_match.match(rules, tickets))
        self.assertEqual(json.dumps(agon_match.match(rules, iter(tickets))), first)
        self.assertEqual(json.dumps(agon_match.match(rules, tuple(tickets))), first)
        self.assertEqual(json.dumps([rules, tickets]), before)

    def test_no_tickets_make_no_matches(self):
        self.assertEqual(agon_match.match(RULES, []), {"matches": [], "unmatched": []})

    def test_the_rating_system_can_be_told(self):
        far = {"teams": {"min_size": 1}}
        chances = set()
        for system in ["weng-lin", "glicko2", "elo", "trueskill"]:
            reply = agon_match.match(far, [ticket(1, 1500), ticket(2, 1900)], rating_system=system)
            chances.add(max(reply["matches"][0]["win_probabilities"]))
        self.assertGreater(len(chances), 1)
        told = faults(far, [], rating_system="mmr")
        self.assertEqual(told, ["/rating_system must be weng-lin, glicko2, elo or trueskill"])


class Faults(unittest.TestCase):
    def test_every_fault_is_told_with_its_place(self):
        bad = {"teams": {"min_size": 2, "max_size": 1}, "rating": {"spread": -1}}
        tickets = [ticket(1), {"players": [{"player_id": "x"}]}, 7, ticket(1)]
        self.assertEqual(
            sorted(faults(bad, tickets)),
            [
                "/rules/rating/spread must be a number from 0 to 1000000000",
                "/tickets/0/players/0/player_id is the same as /tickets/3/players/0/player_id",
                "/tickets/0/ticket_id is the same as /tickets/3/ticket_id",
                "/tickets/1/players/0/player_id must be a UUID such as e4cdb120-28fc-4285-a78d-eb48660b7730",
                "/tickets/1/ticket_id is missing",
                "/tickets/2 must be an object",
                "/tickets/3/players/0/player_id is the same as /tickets/0/players/0/player_id",
                "/tickets/3/ticket_id is the same as /tickets/0/ticket_id",
            ],
        )
        bad = {"teams": {"min_size": 2, "max_size": 1}}
        self.assertEqual(faults(bad, []), ["/rules/teams/max_size must be at least min_size, 2"])

    def test_they_are_value_errors(self):
        self.assertTrue(issubclass(agon_match.InvalidRequest, ValueError))
        with self.assertRaises(ValueError):
            agon_match.match({}, [])

    def test_what_is_no_json_is_told_with_its_place(self):
        for value in [math.nan, math.inf, -math.inf, 10**400]:
            one = ticket(1)
            one["players"][0]["rating"] = value
            told = faults(RULES, [ticket(0), one])
            self.assertEqual(told, ["/tickets/1/players/0/rating must be a finite number"])
        one = ticket(1)
        one["players"][0]["attributes"] = {"mode": {1, 2}}
        place = "/tickets/0/players/0/attributes/mode"
        self.assertTrue(faults(RULES, [one])[0].startswith(f"{place} must be None, a bool"))
        self.assertEqual(faults({1: 2}, []), ["/rules must have text as keys"])
        self.assertEqual(faults(RULES, ["\ud800"]), ["/tickets/0 must be text"])
        self.assertEqual(faults(RULES, [True]), ["/tickets/0 must be an object"])
        large = ticket(1)
        large["priority"] = 2**70
        self.assertTrue(faults(RULES, [large])[0].startswith("/tickets/0/priority must be a whole number"))

    def test_what_is_in_itself_has_an_end(self):
        endless = []
        endless.append(endless)
        (told,) = faults(RULES, [endless])
        self.assertTrue(told.endswith(" is too deep inside others"), told)

    def test_an_iterator_that_fails_says_so_itself(self):
        def tickets():
            yield ticket(1)
            raise KeyError("gone")

        with self.assertRaises(KeyError):
            agon_match.match(RULES, tickets())
        with self.assertRaises(TypeError):
            agon_match.match(RULES, 7)
        with self.assertRaises(TypeError):
            agon_match.match(RULES)


class Threads(unittest.TestCase):
    def test_others_run_while_matches_are_reckoned(self):
        # Nobody is interrupted: another thread runs when one lets it.
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1000)
        self.addCleanup(sys.setswitchinterval, interval)
        state = {"read": threading.Event(), "ended": False}

        def tickets():
            for number in range(20_000):
                yield ticket(number, 1000 + number * 7919 % 1000)
            state["read"].set()

        def reckon():
            agon_match.match(RULES, tickets())
            state["ended"] = True

        thread = threading.Thread(target=reckon)
        thread.start()
        state["read"].wait()
        ended = state["ended"]
        thread.join()
        self.assertFalse(ended)
        self.assertTrue(state["ended"])


class Stub(unittest.TestCase):
    def test_the_stub_names_what_there_is(self):
        stub = pathlib.Path(__file__).parent.parent / "agon_match.pyi"
        names = {node.name for node in ast.parse(stub.read_text()).body if hasattr(node, "name")}
        public = {name for name in vars(agon_match) if not name.startswith("_")} - {"agon_match"}
        self.assertLessEqual(public, names)
        self.assertIn("match", public)


if __name__ == "__main__":
    unittest.main()
