"""Nodes that stand for Agon behind a proxy: they do what Agon hardly ever does, and note what they were asked."""

import http.server
import threading
import time

FREEZE_LIMIT_S = 30


class Node(http.server.ThreadingHTTPServer):
    """`manner` is how it treats requests: answer, cut, freeze, busy, trickle."""

    daemon_threads = True

    def __init__(self, manner="answer"):
        super().__init__(("127.0.0.1", 0), Handler)
        self.manner = manner
        # Of each request: its line, its headers, and how long its body was.
        self.asked = []
        self.connections = 0
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server_address[1]}"

    def begin(self, manner):
        """From now on it treats requests like this, and has not been asked anything."""
        self.manner, self.asked, self.connections = manner, [], 0

    def times(self, line):
        """How often it was asked for this."""
        return sum(one[0] == line for one in self.asked)

    def get_request(self):
        self.connections += 1
        return super().get_request()

    def handle_error(self, *_):
        """Proxies leave at any time."""

    def stop(self):
        self.released.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((f"{self.command} {self.path}", dict(self.headers), self.read_body()))
        getattr(self, self.server.manner)()

    do_POST = do_PUT = do_DELETE = do_GET

    def read_body(self):
        if self.headers.get("transfer-encoding") != "chunked":
            return len(self.rfile.read(int(self.headers.get("content-length", 0))))
        total = 0
        while size := int(self.rfile.readline(), 16):
            total += len(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return total

    def answer(self):
        self.reply(200, b'{"ok":true}')

    def busy(self):
        self.reply(503, b'{"code":"overloaded"}', ("retry-after", "7"))

    def cut(self):
        """The request has come, and no reply ever does."""
        self.close_connection = True

    def freeze(self):
        self.server.released.wait(FREEZE_LIMIT_S)
        self.close_connection = True

    def trickle(self):
        """An event now, and nothing more until the test has seen it."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for text in [b"data: first\n\n", b"data: second\n\n"]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            self.server.released.wait(FREEZE_LIMIT_S)
        self.wfile.write(b"0\r\n\r\n")

    def reply(self, status, body, *headers):
        self.send_response(status)
        for name, value in [("content-type", "application/json"), ("content-length", str(len(body))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Tests ask for what was asked."""


def until(condition, limit_s=10):
    """Whether a condition holds at some time soon."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
