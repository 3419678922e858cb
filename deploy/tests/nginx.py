"""A running nginx with the shipped configuration, but for addresses, places and the times that a test waits for."""

import contextlib
import json
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile
import time

import shipped

START_LIMIT_S = 20
ATTEMPTS = 3
POLL_S = 0.05

# What the shipped file says, how often, and what stands for it here. A name in braces is filled in below.
CHANGES = [
    ("worker_processes auto;", 1, "worker_processes 2;"),
    ("worker_rlimit_nofile 65536;", 1, ""),
    ("worker_connections 16384;", 1, "worker_connections 1024;"),
    ("server agon-1:8000", 1, "server {node_1}"),
    ("server agon-2:8000", 1, "server {node_2}"),
    ("server agon-3:8000", 1, "server {node_3}"),
    ("listen 80;", 1, "listen {address};"),
    ("listen 127.0.0.1:8081;", 1, "listen {own_address};"),
    ("/var/log/nginx", 2, "{dir}"),
    ("server_tokens off;", 1, "server_tokens off; {temporary}"),
    ("fail_timeout=5s", 3, "fail_timeout=1s"),
    ("proxy_read_timeout 10s;", 2, "proxy_read_timeout 1s;"),
]
# Where Debian's would have them is nothing on a machine on which it is not installed.
TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
TLS_LINES = r"^        # ((?:listen 443 ssl|ssl_|add_header Strict).*;)$"


class Nginx:
    """`nodes` are three addresses; with `tls`, a certificate and its key, the lines for it are uncommented."""

    def __init__(self, program, nodes, tls=None):
        self.program, self.nodes, self.tls = program, nodes, tls
        self.dir = tempfile.TemporaryDirectory()
        # Its workers have no rights, and begin in here.
        pathlib.Path(self.dir.name).chmod(0o755)
        self.file = pathlib.Path(self.dir.name) / "nginx.conf"
        self.move()

    def move(self):
        """Listens elsewhere, once it is started."""
        self.address, self.own_address = free_address(), free_address()
        self.file.write_text(self.configuration(), encoding="utf-8")

    def configuration(self):
        text = shipped.NGINX.read_text(encoding="utf-8")
        temporary = " ".join(f"{name}_temp_path {self.dir.name}/{name};" for name in TEMPORARY)
        values = dict(zip(["node_1", "node_2", "node_3"], self.nodes), address=self.address,
                      own_address=self.own_address, dir=self.dir.name, temporary=temporary)
        for said, times, here in CHANGES:
            found = text.count(said)
            if found != times:
                raise AssertionError(f"nginx.conf has `{said}` {found} times instead of {times}")
            text = text.replace(said, here.format(**values))
        return self.with_tls(text) if self.tls else text

    def with_tls(self, text):
        text, found = re.subn(TLS_LINES, r"        \1", text, flags=re.MULTILINE)
        if found < 3:
            raise AssertionError("nginx.conf does not say how TLS is spoken")
        certificate, key = self.tls
        text = text.replace(f"        listen {self.address};\n", "")
        text = text.replace("listen 443", f"listen {self.address}")
        text = text.replace("/etc/nginx/tls/cert.pem", certificate)
        return text.replace("/etc/nginx/tls/key.pem", key)

    def command(self, *more):
        directives = f"daemon off; pid {self.dir.name}/nginx.pid;"
        # Before it has read the file it would log where Debian's does.
        log = f"{self.dir.name}/error.log"
        return [self.program, "-e", log, "-p", self.dir.name, "-c", str(self.file), "-g", directives, *more]

    def faults(self):
        """What `nginx -t` complains of."""
        check = subprocess.run(self.command("-t"), capture_output=True, text=True, check=False)
        said = check.stderr + self.log("error.log")
        return said if check.returncode or re.search(r"\[(warn|emerg|alert|crit|error)\]", said) else ""

    def __enter__(self):
        for _ in range(ATTEMPTS):
            if self.starts():
                return self
            # Somebody else has one of the ports by now.
            self.move()
        raise RuntimeError(f"nginx does not start:\n{self.log('error.log')}")

    def starts(self):
        self.process = subprocess.Popen(self.command())
        deadline = time.monotonic() + START_LIMIT_S
        while not accepts(self.address) or not accepts(self.own_address):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                return False
            time.sleep(POLL_S)
        return self.process.poll() is None

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(START_LIMIT_S)
        self.dir.cleanup()

    def log(self, name):
        path = pathlib.Path(self.dir.name) / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def logged(self, path):
        """The lines of the access log for a path."""
        lines = [json.loads(line) for line in self.log("access.log").splitlines()]
        return [line for line in lines if line["path"] == path]


def free_address():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


def accepts(address):
    host, port = address.split(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
        return True
    return False


def trusting(certificate):
    return ssl.create_default_context(cafile=certificate)
