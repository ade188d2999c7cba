#!/usr/bin/python3
"""detoxify-server.py [PORT [MODEL]]: Detoxify for ss-moderate --ask.

It answers {"text":"..."} with the scores of that text, on 127.0.0.1 and port
8001 unless told otherwise. It needs the package, and on its first start the
network for the model (original, unbiased or multilingual):

    pip install detoxify
    examples/detoxify-server.py 8001 multilingual &
    ss-moderate --ask http://127.0.0.1:8001/ <chat.jsonl
"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from detoxify import Detoxify

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8001
MODEL = Detoxify(sys.argv[2] if len(sys.argv) > 2 else "original")
ONE_AT_A_TIME = threading.Lock()  # it uses all cores by itself
BODY_MAX = 1 << 20


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm = True

    def answer(self, status, what):
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        try:
            size = int(self.headers["Content-Length"])
            if not 0 <= size <= BODY_MAX:
                raise ValueError
            text = json.loads(self.rfile.read(size))["text"]
            if not isinstance(text, str):
                raise ValueError
        except (ValueError, KeyError, TypeError):
            self.close_connection = True
            self.answer(400, {"error": "want {\"text\":\"...\"}"})
            return
        with ONE_AT_A_TIME:
            scores = MODEL.predict(text)
        self.answer(200, {name: float(x) for name, x in scores.items()})

    def log_message(self, *args):
        pass  # what people write is nobody's business


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", PORT), Handler)
print(f"Detoxify on http://127.0.0.1:{server.server_address[1]}/", flush=True)
server.serve_forever()
