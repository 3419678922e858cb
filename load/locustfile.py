"""A load on Agon as players make it, for Locust.

    cargo run --release                                       # Agon, on 127.0.0.1:8000
    locust -f load/locustfile.py --users 100 --spawn-rate 10  # its page is on port 8089

What a test needs on the server it makes itself, before the first user starts. README.md beside this file
says what the rows of the table mean.
"""

import logging

import gevent
from locust import events
from locust.runners import MasterRunner

from traffic import world
from traffic.leaderboard import LeaderboardUser
from traffic.matches import MatchUser
from traffic.smart import SmartUser
from traffic.user import DEFAULT_HOST

__all__ = ["LeaderboardUser", "MatchUser", "SmartUser"]


@events.test_start.add_listener
def prepare(environment, **_):
    """Users wait for this. A master has none, and leaves it to the workers, which may all do it at once."""
    world.READY.clear()
    if isinstance(environment.runner, MasterRunner):
        return
    host = (environment.host or DEFAULT_HOST).rstrip("/")
    try:
        world.make(host)
    except world.NotMade as error:
        logging.error("The test cannot start on %s: %s", host, error)
        give_up(environment)
    else:
        # Another try from the page may have failed before.
        environment.process_exit_code = None
        world.READY.set()


def give_up(environment):
    """Ends the run, or with the web page the test alone, so that another host can be tried."""
    environment.process_exit_code = 1
    runner, options = environment.runner, environment.parsed_options
    headless = options is not None and options.headless
    # Later, since the runner is in the middle of starting.
    gevent.spawn_later(0.5, runner.quit if headless else runner.stop)
