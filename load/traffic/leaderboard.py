"""Players who submit scores and look at the leaderboard, by the classic paths."""

import random

from locust import task

from traffic import world
from traffic.user import AgonUser

PAGE = 10


class LeaderboardUser(AgonUser):
    """Mostly submits and looks at profiles; the shares are guesses, change them to yours."""

    weight = 6

    @task(5)
    def submit(self):
        score = {"user_id": anybody(), "score_worth": random.randint(1, 100)}
        self.body_of("POST", "/score/submit", "/score/submit", fault=unranked, json=score)

    @task(4)
    def profile(self):
        path = f"/user/profile/{anybody()}"
        self.body_of("GET", path, "/user/profile/{guid}", fault=unranked)

    @task(3)
    def top(self):
        self.body_of("GET", f"/leaderboard?limit={PAGE}", "/leaderboard", fault=disorder("rank"))

    @task(2)
    def country(self):
        path = f"/leaderboard/{random.choice(world.COUNTRIES)}?limit={PAGE}"
        self.body_of("GET", path, "/leaderboard/{country}", fault=disorder("country_rank"))


def unranked(body):
    return None if body["rank"] >= 1 else f"rank {body['rank']}"


def disorder(rank):
    """Finds what is wrong with a first page: it is full, as there are more players, and begins with 1."""

    def fault(lines):
        ranks = [line[rank] for line in lines]
        points = [line["points"] for line in lines]
        in_order = ranks == sorted(ranks) and points == sorted(points, reverse=True)
        return None if len(lines) == PAGE and ranks[0] == 1 and in_order else f"ranks {ranks}"

    return fault


def anybody():
    return world.player_id(random.randrange(world.PLAYERS))
