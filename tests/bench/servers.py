"""The servers that are compared: each is started on a port of its own, in a
folder of its own, and knows the process whose CPU time counts. One that is
not installed is said to be missing."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CORES = sorted(os.sched_getaffinity(0))
NCHAN = "/usr/lib/nginx/modules/ngx_nchan_module.so"
NGINX = """load_module %s;
daemon off; master_process off; pid nginx.pid; error_log stderr error;
worker_rlimit_nofile 20000;
events { worker_connections 16384; }
http { access_log off; nchan_max_reserved_memory 256M;
 server { listen 127.0.0.1:%d backlog=4096;
  location /ws/ { nchan_pubsub websocket; nchan_channel_id main;
   nchan_message_buffer_length 1000; nchan_subscriber_first_message newest;
  } } }
"""
NATS = """listen: "127.0.0.1:%d"
websocket { listen: "127.0.0.1:%d", no_tls: true }
"""
# without a second listener this version does not start
MOSQUITTO = """listener 0 %s/sock
listener %d 127.0.0.1
protocol websockets
allow_anonymous true
persistence false
log_dest none
user root
"""


class Missing(Exception):
    """A peer that can't be measured, and why."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """One that runs; .pid is the process that is measured."""

    def __init__(self, name):
        self.dir = tempfile.mkdtemp(prefix="ss-bench.")
        self.port, self.procs, self.pid = free_port(), [], 0
        try:
            START[name](self)
            self.wait(name)
        except BaseException:
            self.stop()
            raise

    def spawn(self, argv, first=True, **kw):
        kw.setdefault("stdout", subprocess.DEVNULL)
        kw.setdefault("stderr", self.log())
        p = subprocess.Popen(argv, cwd=self.dir, **kw)
        self.procs.append(p)
        if first:
            self.pid = p.pid
            os.sched_setaffinity(p.pid, {CORES[0]})
        return p

    def log(self):
        return open(os.path.join(self.dir, "stderr"), "ab")

    def wait(self, name):
        """Until it would take a viewer; its own word where it has one."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if any(p.poll() is not None for p in self.procs):
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as s:
                    if not name.startswith("ss-"):
                        return
                    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                    if b" 200 " in s.recv(4096):
                        return
            except OSError:
                pass
            time.sleep(0.02)
        with open(os.path.join(self.dir, "stderr"), errors="replace") as f:
            raise Missing("does not start: " + f.read()[-200:].strip())

    def stop(self):
        for p in self.procs[:1]:
            p.send_signal(signal.SIGTERM)
        for p in self.procs:
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def need(*files):
    for f in files:
        if not (os.path.exists(f) if f[0] == "/" else shutil.which(f)):
            raise Missing("not installed (make bench-deps)")


def pipeline(s, *more):
    pipe, bus = subprocess.PIPE, os.path.join(s.dir, "bus.sock")
    env = dict(os.environ, SS_BUS=bus)
    g = s.spawn(["ss-gateway", "-p", str(s.port), "--rate", "0",
                 "--repeat-after", "0", "--max-connections", "20000",
                 *more],
                stdout=pipe, env=env)
    m = s.spawn(["ss-moderate"], False, stdin=g.stdout, stdout=pipe, env=env)
    k = s.spawn(["ss-log", "--dir", "logs", "--sync", "none"], False,
                stdin=m.stdout, stdout=pipe, env=env)
    s.spawn(["ss-broadcast"], False, stdin=k.stdout, env=env)
    for p in (g, m, k):
        p.stdout.close()


def bare(s, mode):
    need("bare")
    s.spawn(["bare", str(s.port), mode])


def nchan(s):
    need("nginx", NCHAN)
    conf = os.path.join(s.dir, "nginx.conf")
    with open(conf, "w") as f:
        f.write(NGINX % (NCHAN, s.port))
    s.spawn(["nginx", "-p", s.dir, "-c", conf])


def node(s, script, module):
    need("node")
    env = dict(os.environ)
    env["NODE_PATH"] = ":".join(filter(None, [
        env.get("NODE_PATH"), os.path.join(HERE, "../../build/npm/node_modules"),
        "/usr/share/nodejs"]))
    if subprocess.run(["node", "-e", f"require('{module}')"], env=env,
                      stderr=subprocess.DEVNULL).returncode:
        raise Missing(f"no module {module} (make bench-deps)")
    s.spawn(["node", os.path.join(HERE, "peers", script), str(s.port)],
            env=env)


def fastapi(s):
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import fastapi, uvicorn, websockets"],
                      stderr=subprocess.DEVNULL).returncode:
        raise Missing("no fastapi, uvicorn, websockets (make bench-deps)")
    s.spawn([python, os.path.join(HERE, "peers/chat.py"), str(s.port)])


def nats(s):
    need("nats-server", "pubsub")
    conf = os.path.join(s.dir, "nats.conf")
    with open(conf, "w") as f:
        f.write(NATS % (free_port(), s.port))
    s.spawn(["nats-server", "-c", conf], stderr=subprocess.DEVNULL)


def mosquitto(s):
    need("mosquitto", "pubsub")
    conf = os.path.join(s.dir, "mosquitto.conf")
    with open(conf, "w") as f:
        f.write(MOSQUITTO % (s.dir, s.port))
    s.spawn(["mosquitto", "-c", conf])


START = {
    "bare send": lambda s: bare(s, "send"),
    "bare gather": lambda s: bare(s, "gather"),
    "bare uring": lambda s: bare(s, "uring"),
    "ss-gateway": pipeline,
    "no io_uring": lambda s: pipeline(s, "--io-uring", "off"),
    "ss-gateway lag": lambda s: pipeline(s, "--max-lag", "64K"),
    "ss-gateway ping": lambda s: pipeline(
        s, "--ping", "2s", "--idle-timeout", "30s"),
    "uWebSockets": lambda s: node(
        s, "uws.js", "@trufflesuite/uws-js-unofficial"),
    "nchan": nchan,
    "nats-server": nats,
    "mosquitto": mosquitto,
    "node ws": lambda s: node(s, "ws.js", "ws"),
    "fastapi": fastapi,
}
# these speak their own protocol over WebSocket, which pubsub.c does
BROKER = {"nats-server": "nats", "mosquitto": "mqtt"}
