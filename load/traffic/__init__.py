"""The users of the load test: one file for each kind of traffic."""
