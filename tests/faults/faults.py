#!/usr/bin/python3
"""Kills everything, again and again, and counts what is lost.

  faults.py --bin DIR [--seed N] [--seconds S] [--kills N] [--shim FILE]
            [--chatters N] [--rate R] [--viewers N] [--gifts N] [--stall S]
            [--keep DIR] [--blind]

The four stages run as services of their own in a folder of their own, and are
started again when they die. Meanwhile chatters send messages with nonces,
givers send gifts with keys, and viewers record every frame; whoever is cut
off comes back with his position and says again what he has not seen
acknowledged. Stages are killed alone, in pairs, and while a neighbour stands
still; ss-log meets a full disk (a limit on file sizes) and, by the shim, slow
passing on and failing syncs; the gateway's clock jumps; one client never
reads. --stall: at last a stage stands still for so long. --blind: the hub may
not look into the log, which has to end in failure. One seed makes one sequence of faults. At the end:

  - every event that was acknowledged to its author is in the log, and every
    one that was accepted was acknowledged in the end
  - the log has each id once, each nonce once, and positions without holes
  - each viewer's record is a gap-free, repeat-free part of the log's order,
    byte for byte, across all reconnects
  - the database has the log's events, each once, at its position and byte for
    byte, in columns too, and its own position is the log's end
  - the sums of the gifts agree among givers, log and database, by giver

Prints the counts as JSON; exit status 1 where one of these did not hold.
"""

import argparse
import asyncio
import glob
import json
import os
import random
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

import websockets

DATABASE = "chat.db"
ORDER = ["gateway", "moderate", "log", "broadcast"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Services:
    """The stages, each started again when it has died."""

    def __init__(self, opts, folder):
        self.folder = folder
        self.opts = opts
        self.port = free_port()
        self.proc = {}
        self.stopping = False
        self.rng = random.Random(opts.seed + 1)
        self.starts = 0
        self.delay = os.path.join(folder, "delay")
        with open(self.delay, "w") as f:
            f.write("delay 20000\n")
        self.sick = os.path.join(folder, "sick")
        with open(self.sick, "w") as f:
            f.write("fsync 2\n")
        s = lambda name: os.path.join(folder, name + ".sock")
        bus = os.path.join(folder, "bus.sock")
        b = lambda name: os.path.join(opts.bin, "ss-" + name)
        logs = os.path.join(folder, "logs")
        self.argv = {
            "broadcast": [b("broadcast"), "-i", "listen:" + s("out"), "-o",
                          "listen:" + bus, "--log",
                          "/nowhere" if opts.blind else logs],
            "log": [b("log"), "-i", "listen:" + s("log"), "-o",
                    "unix:" + s("out"), "-d", logs, "--max-size",
                    opts.max_size, "--keep", "1000", "--db",
                    "sqlite:" + os.path.join(folder, DATABASE)] +
                   opts.log_opts.split(),
            "moderate": [b("moderate"), "-i", "listen:" + s("in"), "-o",
                         "unix:" + s("log")],
            "gateway": [b("gateway"), "--rate", "0", "--repeat-after", "0",
                        "-i", "unix:" + bus, "-o",
                        "unix:" + s("in"), "--port", str(self.port)],
        }

    def start(self, name):
        env = {k: v for k, v in os.environ.items() if not k.startswith("SS_")}
        # every third ss-log is slow to pass on what it has written
        if name == "log" and self.opts.shim:
            self.starts += 1
            if self.starts % 3 != 1:
                env["LD_PRELOAD"] = self.opts.shim
                env["SS_SHIM"] = (self.sick if self.starts % 3 else
                                  self.delay)
        # its clock stands around a midnight, or goes
        if name == "gateway":
            now = self.rng.choice(["", "2026-11-22T23:59:59.9Z",
                                   "2026-11-23T00:00:00.1Z"])
            if now:
                env["SS_TEST_NOW"] = now
        err = open(os.path.join(self.folder, name + ".err"), "ab")
        self.proc[name] = subprocess.Popen(
            self.argv[name], stdin=subprocess.DEVNULL, env=env,
            stdout=subprocess.DEVNULL, stderr=err, cwd=self.folder)
        err.close()
        self.note(name, self.proc[name].pid, "started", env.get("SS_SHIM", ""))

    async def supervise(self):
        while not self.stopping:
            for name in ORDER:
                if name not in self.proc or \
                        self.proc[name].poll() is not None:
                    self.start(name)
            await asyncio.sleep(0.02)

    def note(self, *what):
        """What was done when, for whoever looks into a fault (--keep)."""
        with open(os.path.join(self.folder, "trace"), "a") as f:
            print("%.3f" % time.monotonic(), *what, file=f)

    def send(self, name, sig):
        p = self.proc.get(name)
        if p is not None and p.poll() is None:
            self.note(name, p.pid, signal.Signals(sig).name)
            p.send_signal(sig)
            return True
        return False

    def stop(self):
        self.stopping = True
        bad = []
        for name in ORDER:
            p = self.proc.get(name)
            if p is None:
                continue
            p.send_signal(signal.SIGCONT)
            p.terminate()
            try:
                if p.wait(10) != 0:
                    bad.append("%s ended with %d" % (name, p.returncode))
            except subprocess.TimeoutExpired:
                p.kill()
                bad.append(name + " did not stop")
        return bad


class World:
    def __init__(self, opts, services):
        self.opts = opts
        self.services = services
        self.url = "ws://127.0.0.1:%d/ws/" % services.port
        self.sending = True
        self.over = False
        self.acked = {}  # (who, nonce) -> id
        self.sent = 0
        self.fates = {}  # (who, nonce) -> set of fates
        self.faults = []
        self.undelivered = 0
        self.busy = 0
        self.breaks = 0
        self.longest = 0.0
        self.gifts = {}  # key -> (id, amount)
        self.gift_tries = 0
        self.reconnects = 0
        self.counts = {}

    def fault(self, text):
        self.services.note("fault:", text)
        self.faults.append(text)


class Viewer:
    """Records frames; comes back with his position."""

    def __init__(self, world, name):
        self.world = world
        self.name = name
        self.epoch = None
        self.seq = None
        self.record = []  # (seq, line)
        self.last = None

    def query(self):
        if self.seq is None:
            return "?history=0"
        return "?epoch=%s&since=%d" % (self.epoch, self.seq)

    def frame(self, line):
        w = self.world
        ev = json.loads(line)
        kind = ev.get("type")
        if kind == "hello":
            self.hello(ev)
            return ev
        if kind == "error":
            return ev
        now = time.monotonic()
        if self.last is not None and w.sending:
            w.longest = max(w.longest, now - self.last)
        self.last = now
        seq = ev.get("seq")
        if seq is None:
            w.fault("%s: no seq: %s" % (self.name, line))
        elif self.seq is not None and seq != self.seq + 1:
            # a nonce said again may bring an event that is older
            if not (seq <= self.seq and ev.get("user") == self.name):
                w.fault("%s: %d after %d" % (self.name, seq, self.seq))
            else:
                return ev
        self.seq = seq
        self.record.append((seq, hash(line)))
        return ev

    def hello(self, ev):
        if self.seq is not None and not ev["recovered"]:
            self.world.breaks += 1
            self.world.fault("%s: not recovered: %r, was at %s %d" % (
                self.name, ev, self.epoch, self.seq))
            self.seq = ev["seq"]
        if self.seq is None:
            self.seq = ev["seq"]
        self.epoch = ev["epoch"]

    async def connected(self, ws):
        pass

    async def run(self):
        w = self.world
        while not w.over:
            try:
                async with websockets.connect(
                        w.url + self.name + self.query(), open_timeout=3,
                        close_timeout=1, ping_interval=None,
                        max_queue=None) as ws:
                    await self.connected(ws)
                    async for line in ws:
                        await self.got(ws, self.frame(line))
                        if w.over:
                            break
            except (OSError, asyncio.TimeoutError,
                    websockets.exceptions.WebSocketException):
                pass
            w.reconnects += 1
            await asyncio.sleep(0.03)

    async def got(self, ws, ev):
        pass


class Chatter(Viewer):
    """Says things, each until it is acknowledged."""

    def __init__(self, world, name, rng):
        super().__init__(world, name)
        self.rng = rng
        self.pending = {}  # nonce -> text
        self.n = 0
        self.ws = None

    async def say(self, ws, nonce):
        await ws.send(json.dumps({"type": "chat", "nonce": nonce,
                                  "message": self.pending[nonce]}))

    async def connected(self, ws):
        self.ws = ws
        for nonce in list(self.pending):
            await self.say(ws, nonce)

    async def got(self, ws, ev):
        w = self.world
        if ev["type"] == "error":
            nonce = ev.get("nonce")
            if ev["code"] == "undelivered":
                w.undelivered += 1
            elif ev["code"] == "busy":
                w.busy += 1
            else:
                w.fault("%s: %r" % (self.name, ev))
            if nonce in self.pending:
                await asyncio.sleep(0.05)
                await self.say(ws, nonce)
            elif nonce is not None:
                w.fault("%s: two fates: %r" % (self.name, ev))
        elif ev.get("user") == self.name and "nonce" in ev:
            key = (self.name, ev["nonce"])
            if key in w.acked and w.acked[key] != ev["id"]:
                w.fault("%s: %s came under two ids" % key)
            w.acked[key] = ev["id"]
            self.pending.pop(ev["nonce"], None)

    async def talk(self):
        w = self.world
        while w.sending:
            await asyncio.sleep(self.rng.expovariate(w.opts.rate))
            if len(self.pending) >= 200:
                continue
            self.n += 1
            nonce = "%s-%d" % (self.name, self.n)
            self.pending[nonce] = "message %d of %s" % (self.n, self.name)
            w.sent += 1
            try:
                if self.ws is not None:
                    await self.say(self.ws, nonce)
            except websockets.exceptions.WebSocketException:
                pass


async def post_gift(port, body, key):
    data = json.dumps(body).encode()
    r, wr = await asyncio.wait_for(
        asyncio.open_connection("127.0.0.1", port), 2)
    try:
        wr.write(b"POST /api/gift?wait=1 HTTP/1.1\r\nHost: x\r\n"
                 b"Content-Type: application/json\r\n"
                 b"Idempotency-Key: " + key.encode() + b"\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(data) + data)
        answer = await asyncio.wait_for(r.read(), 7)
    finally:
        wr.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(rest)


async def giver(w, name, rng):
    """Gives gifts; each is said again until it is known to be delivered."""
    n = 0
    while w.sending:
        await asyncio.sleep(rng.expovariate(2))
        n += 1
        key = "%s-%d" % (name, n)
        body = {"from": name, "gift_id": n, "amount": rng.randint(1, 9)}
        while not w.over:
            w.gift_tries += 1
            try:
                status, ans = await post_gift(w.services.port, body, key)
            except (OSError, asyncio.TimeoutError, ValueError, IndexError):
                status = 0
            if status == 200 and ans["status"] == "delivered":
                w.gifts[key] = (ans["id"], body["amount"])
                break
            if status not in (0, 503, 504):
                w.fault("gift %s: %d %r" % (key, status, ans))
                break
            await asyncio.sleep(0.05)


async def calm(w):
    """Until every viewer has got something that is newer than this call."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        top = max(v.seq for v in w.viewers)
        await asyncio.sleep(0.5)
        if all(v.seq > top for v in w.viewers):
            return


async def destroy(w, rng):
    """The faults, one after the other."""
    c = w.counts
    end = time.monotonic() + w.opts.seconds
    s = w.services
    kills = 0

    def kill(name):
        nonlocal kills
        if s.send(name, signal.SIGKILL):
            c[name] = c.get(name, 0) + 1
            kills += 1

    while time.monotonic() < end and (
            not w.opts.kills or kills < w.opts.kills):
        await asyncio.sleep(rng.uniform(0.2, 0.6))
        what = rng.random()
        i = rng.randrange(len(ORDER))
        if what < 0.05:
            await fill_disk(s, rng)
            c["full"] = c.get("full", 0) + 1
        elif what < 0.5:
            kill(ORDER[i])
        elif what < 0.7:
            kill(ORDER[i])
            kill(ORDER[(i + rng.randrange(1, 4)) % 4])
            c["double"] = c.get("double", 0) + 1
        else:
            # the neighbour stands still meanwhile
            j = (i + rng.choice([1, 3])) % 4
            if s.send(ORDER[j], signal.SIGSTOP):
                stopped = s.proc[ORDER[j]]
                await asyncio.sleep(rng.uniform(0.01, 0.1))
                kill(ORDER[i])
                await asyncio.sleep(rng.uniform(0.05, 0.4))
                if stopped.poll() is None:
                    stopped.send_signal(signal.SIGCONT)
                    s.note(stopped.pid, "SIGCONT")
                c["stopped"] = c.get("stopped", 0) + 1
    if w.opts.stall:
        # a long standstill of what is well: nobody may become impatient
        await calm(w)
        w.pause = w.longest
        name = rng.choice(["moderate", "log", "broadcast"])
        while not s.send(name, signal.SIGSTOP):
            await asyncio.sleep(0.05)
        await asyncio.sleep(w.opts.stall)
        s.send(name, signal.SIGCONT)
        c["stall"] = name
        await calm(w)
        w.longest = w.pause
    w.kills = kills


async def fill_disk(s, rng):
    """No file of ss-log's may grow for a while."""
    p = s.proc.get("log")
    if p is None or p.poll() is not None:
        return
    hard = resource.RLIM_INFINITY
    try:
        resource.prlimit(p.pid, resource.RLIMIT_FSIZE,
                         (rng.randrange(1000, 100000), hard))
        await asyncio.sleep(rng.uniform(0.1, 0.5))
        resource.prlimit(p.pid, resource.RLIMIT_FSIZE, (hard, hard))
    except ProcessLookupError:
        pass


async def never_reads(w):
    """A client who takes nothing; again and again, since he is cut off."""
    while not w.over:
        try:
            s = socket.create_connection(("127.0.0.1", w.services.port), 1)
            s.sendall(b"GET /ws/deaf HTTP/1.1\r\nHost: x\r\n"
                      b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
                      b"Sec-WebSocket-Version: 13\r\n"
                      b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            await asyncio.sleep(20)
            s.close()
        except OSError:
            await asyncio.sleep(0.2)


def read_log(folder):
    events = []
    for path in glob.glob(os.path.join(folder, "logs", "chat_*.jsonl*")):
        if path.endswith(".torn"):
            continue
        with open(path, "rb") as f:
            for line in f:
                events.append((json.loads(line)["seq"],
                               line.rstrip(b"\n").decode()))
    events.sort()
    return events


def check_database(w, events):
    """Its rows against the log's lines; returns the gifts' sums by giver."""
    db = sqlite3.connect(os.path.join(w.services.folder, DATABASE))
    ok = db.execute("PRAGMA integrity_check").fetchone()[0]
    if ok != "ok":
        w.fault("database: " + ok)
    rows = db.execute("SELECT seq, line, id, type, user, ts, message, amount"
                      " FROM events ORDER BY seq").fetchall()
    if [r[:2] for r in rows] != events:
        have = {r[0] for r in rows}
        w.fault("database: %d rows, log: %d lines; without %s" % (
            len(rows), len(events),
            [s for s, _ in events if s not in have][:5]))
    for seq, line, *columns in rows:
        ev = json.loads(line)
        if columns != [ev["id"], ev["type"], ev.get("user") or ev.get("from"),
                       ev["ts"], ev.get("message"), ev.get("amount")]:
            w.fault("database: at %d %s, not %s" % (seq, columns, line))
            break
    at = db.execute("SELECT seq FROM position").fetchall()
    if at != [(events[-1][0],)]:
        w.fault("database: at position %s of %d" % (at, events[-1][0]))
    sums = dict(db.execute(
        "SELECT sender, sum(amount) FROM gifts GROUP BY sender"))
    db.close()
    return sums


def check_gifts(w, ids, rows):
    """Sums by giver, of what was given, logged, and kept in the database."""
    given, logged = {}, {}
    for key, (_, amount) in w.gifts.items():
        who = key.split("-")[0]
        given[who] = given.get(who, 0) + amount
    for ev in ids.values():
        if ev["type"] == "gift":
            logged[ev["from"]] = logged.get(ev["from"], 0) + ev["amount"]
    if not given == logged == rows:
        w.fault("gifts: given %s, in the log %s, in the database %s" % (
            given, logged, rows))
    return sum(logged.values())


def check(w, viewers):
    events = read_log(w.services.folder)
    seqs = [s for s, _ in events]
    if seqs != list(range(1, len(seqs) + 1)):
        for a, b in zip([0] + seqs, seqs):
            if b != a + 1:
                w.fault("log: %d after %d" % (b, a))
                break
    by_seq = {seq: hash(line) for seq, line in events}
    ids = {}
    nonces = {}
    for seq, line in events:
        ev = json.loads(line)
        if ev["id"] in ids:
            w.fault("log: id %s twice" % ev["id"])
        ids[ev["id"]] = ev
        who = (ev.get("user") or ev.get("from"), ev.get("nonce"))
        if who in nonces:
            w.fault("log: nonce %s twice" % (who,))
        nonces[who] = ev
    lost = [k for k, i in w.acked.items() if i not in ids]
    for k in lost[:5]:
        w.fault("acknowledged, not in the log: %s" % (k,))
    lost_gifts = [k for k, (i, _) in w.gifts.items() if i not in ids]
    for k in lost_gifts[:5]:
        w.fault("gift acknowledged, not in the log: %s" % k)
    for v in viewers:
        for seq, line in v.record:
            if by_seq.get(seq) != line:
                w.fault("%s: at %d not what the log has" % (v.name, seq))
                break
        if v.record and seqs and v.seq != seqs[-1]:
            w.fault("%s: ended at %d of %d" % (v.name, v.seq, seqs[-1]))
    log_sum = check_gifts(w, ids, check_database(w, events))
    for c in viewers:
        if isinstance(c, Chatter) and c.pending:
            w.fault("%s: %d never acknowledged: %s" % (
                c.name, len(c.pending), list(c.pending)[:3]))
    return {"events": len(events), "lost": len(lost) + len(lost_gifts),
            "gift_sum": log_sum}


async def settle(w, chatters, viewers):
    """Until everything is acknowledged and everybody has got everything.
    Where a fault was found already that needn't come to pass."""
    end = time.monotonic() + (2 if w.faults else 30)
    while time.monotonic() < end:
        await asyncio.sleep(0.2)
        if any(c.pending for c in chatters):
            continue
        tops = {v.seq for v in viewers}
        log = read_log(w.services.folder)
        if len(tops) == 1 and log and tops == {log[-1][0]} and \
                not w.giving():
            return


async def main_async(opts, folder):
    services = Services(opts, folder)
    w = World(opts, services)
    rng = random.Random(opts.seed)
    sup = asyncio.ensure_future(services.supervise())
    chatters = [Chatter(w, "c%d" % i, random.Random(opts.seed * 1000 + i))
                for i in range(opts.chatters)]
    viewers = chatters + [Viewer(w, "v%d" % i) for i in range(opts.viewers)]
    w.viewers = viewers
    tasks = [asyncio.ensure_future(v.run()) for v in viewers]
    tasks += [asyncio.ensure_future(c.talk()) for c in chatters]
    givers = [asyncio.ensure_future(giver(
        w, "g%d" % i, random.Random(opts.seed * 77 + i)))
        for i in range(opts.gifts)]
    tasks.append(asyncio.ensure_future(never_reads(w)))
    w.giving = lambda: any(not g.done() for g in givers)
    # all at work first
    while not all(v.seq is not None for v in viewers) or not w.acked:
        await asyncio.sleep(0.1)
    w.longest = 0.0
    await destroy(w, rng)
    await asyncio.sleep(1)
    w.sending = False
    await settle(w, chatters, viewers)
    w.over = True
    sup.cancel()
    for bad in services.stop():
        w.fault(bad)
    for t in tasks + givers:
        t.cancel()
    await asyncio.gather(*tasks, *givers, return_exceptions=True)
    counts = check(w, viewers)
    counts.update(
        seed=opts.seed, kills=w.kills, by_kind=w.counts, sent=w.sent,
        acknowledged=len(w.acked) + len(w.gifts), gifts=len(w.gifts),
        gift_tries=w.gift_tries, undelivered=w.undelivered, busy=w.busy,
        breaks=w.breaks, reconnects=w.reconnects,
        frames=sum(len(v.record) for v in viewers),
        longest_pause=round(w.longest, 3), faults=len(w.faults))
    print(json.dumps(counts))
    for f in w.faults[:20]:
        print("fault: " + f, file=sys.stderr)
    return 1 if w.faults else 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bin", default="build/bin")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--seconds", type=float, default=30)
    p.add_argument("--kills", type=int, default=0)
    p.add_argument("--chatters", type=int, default=10)
    p.add_argument("--rate", type=float, default=20)
    p.add_argument("--viewers", type=int, default=5)
    p.add_argument("--gifts", type=int, default=3)
    p.add_argument("--stall", type=float, default=0)
    p.add_argument("--blind", action="store_true")
    p.add_argument("--shim", default="")
    p.add_argument("--max-size", default="256K")
    p.add_argument("--log-opts", default="")
    p.add_argument("--keep", default="")
    opts = p.parse_args()
    opts.bin = os.path.abspath(opts.bin)
    if opts.shim:
        opts.shim = os.path.abspath(opts.shim)
    folder = tempfile.mkdtemp(prefix="ssf.", dir="/tmp")
    try:
        rc = asyncio.get_event_loop().run_until_complete(
            main_async(opts, folder))
    finally:
        if opts.keep:
            shutil.rmtree(opts.keep, ignore_errors=True)
            shutil.move(folder, opts.keep)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(rc)


main()
