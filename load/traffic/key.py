"""The key for a server that asks for one: the variable AGON_KEY, sent as a bearer token."""

import os


def headers():
    """What goes with every request; nothing without a key."""
    key = os.environ.get("AGON_KEY")
    return {"authorization": f"Bearer {key}"} if key else {}
