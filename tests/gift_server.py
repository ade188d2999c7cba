#!/usr/bin/python3
"""A stand-in for the gateway's gift API, for ss-gift's tests.

usage: gift_server.py PORTFILE LOGFILE STEP...

Each request takes the next STEP, the last one again and again:

    ok         200 {"status":"queued","id":...}
    bad        400 with a detail        plain      500, no JSON
    conflict   409 with a detail        odd        400, JSON of another kind
    evil       400, a detail with a line break and an escape sequence
    limit      429, no Retry-After      later      503, Retry-After: 1
    never      503, Retry-After: 86400  gateway    502
    close      the connection ends without an answer
    reset      the same with RST
    hang       no answer
    slow       200 once there is a file named "go"
    big        200, a body of 10 MB
    moved      302 to /elsewhere

A line of JSON for each request goes to LOGFILE: method, path, headers (names
in lower case), body. Ready when PORTFILE has the port.
"""
import json
import os
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port_file, log_file, *steps = sys.argv[1:]
lock = threading.Lock()


def error(code, detail):
    return json.dumps({"error": code, "detail": detail})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, **headers):
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def take(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        entry = {
            "method": self.command,
            "path": self.path,
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "body": body.decode(),
        }
        with lock:
            with open(log_file, "a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")
            return steps.pop(0) if len(steps) > 1 else steps[0]

    def do_POST(self):
        step = self.take()
        queued = '{"status":"queued","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}'
        simple = {
            "ok": (200, queued),
            "bad": (400, error("bad_request",
                               "amount: must be an integer >= 1")),
            "conflict": (409, error("conflict", "another gift")),
            "evil": (400, error("bad_request", "a\nss-gift: b\x1b[31m")),
            "plain": (500, "oh no"),
            "odd": (400, '{"error":1,"detail":[]}'),
            "limit": (429, error("rate_limited", "too many")),
            "gateway": (502, "<html>"),
            "big": (200, queued + " " * 10_000_000),
        }
        if step in simple:
            self.answer(*simple[step])
        elif step == "later":
            self.answer(503, error("busy", "pipe is full"), Retry_After="1")
        elif step == "never":
            self.answer(503, error("busy", "gone"), Retry_After="86400")
        elif step == "moved":
            self.answer(302, "", Location="/elsewhere")
        elif step in ("close", "reset"):
            if step == "reset":
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif step == "hang":
            threading.Event().wait()
        elif step == "slow":
            while not os.path.exists("go"):
                time.sleep(0.01)
            self.answer(200, queued)
        else:
            self.answer(500, "no such step")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that went away is part of the tests


server = Server(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w", encoding="ascii") as f:
    f.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
