"""A running Agon with data of its own, on a port that nothing else uses."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.request

START_LIMIT_S = 60
STOP_LIMIT_S = 40


class Agon:
    def __init__(self, program, **settings):
        self.program, self.settings = program, settings

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory()
        printed, log = (pathlib.Path(self.dir.name) / name for name in ("printed", "log"))
        environment = os.environ | {"AGON_STORE__DATA_DIR": f"{self.dir.name}/store"} | self.settings
        with printed.open("w") as out, log.open("w") as err:
            self.process = subprocess.Popen([self.program, "serve", "--listen", "127.0.0.1:0"], env=environment,
                                            stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_LIMIT_S
        while not (found := re.search(r"http://(\S+)/leaderboard", printed.read_text())):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError(f"agon does not start:\n{log.read_text()}")
            time.sleep(0.05)
        self.address = found.group(1)
        return self

    def __exit__(self, *_):
        self.stop()
        self.dir.cleanup()

    def stop(self):
        """As an operator would."""
        self.process.terminate()
        self.process.wait(STOP_LIMIT_S)

    def ask(self, method, path, body=None):
        """A reply of the node itself, past any proxy."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.address}{path}", data, {"content-type": "application/json"},
                                         method=method)
        with urllib.request.urlopen(request, timeout=20) as reply:
            return json.load(reply)
