#!/usr/bin/env python3
"""stages.py: each stage against the plain tool that does the least of the same
job, on the same lines. The two run alternately, ROUNDS times, because only
ratios within one run mean something; the table shows medians. What counts is
the time that a program keeps a processor busy, so that others on the machine
disturb less, less what it takes when there is nothing to read (jq and
ss-moderate have a lot to set up). At the end each goal is held against its
figure.

    LINES=500000 ROUNDS=5 python3 tests/bench/stages.py

CHAT=FILE takes the texts of messages from a file of your own, one a line;
otherwise they are those that the model that ships is trained on besides real
chat (lib/toxic/*.tsv): short, and no two alike.
"""

import functools
import glob
import json
import os
import random
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

LINES = int(os.environ.get("LINES", "500000"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TS = '"ts":"2026-11-23T09:30:00.123Z"'
goals = []


def texts():
    """Messages, in an order that is the same in every run."""
    if "CHAT" in os.environ:
        with open(os.environ["CHAT"], encoding="utf-8") as f:
            found = f.read().splitlines()
    else:
        found = []
        for name in ("benign", "abuse"):
            with open(f"{ROOT}/lib/toxic/{name}.tsv", encoding="utf-8") as f:
                found += [row.rstrip("\n").split("\t")[5] for row in f]
    random.Random(1).shuffle(found)
    return found


def ulid(i):
    out = ""
    for _ in range(10):
        out = BASE32[i & 31] + out
        i >>= 5
    return "01M84WEPAHYVXEBG" + out


def write_lines():
    """The files chat and gift. Of chat, every fifth text has a new word."""
    found = texts()
    with open("chat", "w", encoding="utf-8") as chat, \
            open("gift", "w", encoding="utf-8") as gift:
        for i in range(LINES):
            text = found[i % len(found)]
            if i >= len(found) and i % 5 == 0:
                text += f" {ulid(i * 40503)[19:].lower()}"
            chat.write('{"type":"chat","id":"%s","user":"user%d",'
                       '"message":%s,%s}\n' % (
                           ulid(i), i % 97,
                           json.dumps(text, ensure_ascii=False), TS))
            gift.write('{"type":"gift","id":"%s","from":"user%d",'
                       '"gift_id":%d,"amount":%d,%s}\n' % (
                           ulid(i), i % 97, i % 50, i % 9 + 1, TS))


def busy(process):
    """Waits; the seconds that it kept a processor busy."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"stages.py: {process.args}: {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def count(fd):
    lines = 0
    while data := os.read(fd, 1 << 20):
        lines += data.count(b"\n")
    return lines


def check(args, path, lines):
    if lines != (LINES if path != os.devnull else 0):
        sys.exit(f"stages.py: {args}: {lines} of {LINES} lines")


@functools.lru_cache(maxsize=None)
def start(run, *args):
    """What run takes when there is nothing to read: the median of five."""
    return statistics.median(run(*args, os.devnull) for _ in range(5))


def piped(args, path):
    return run_piped(args, path) - start(run_piped, args)


def broadcast(readers, path):
    return run_broadcast(readers, path) - start(run_broadcast, readers)


def cat_to_socket(path):
    return run_cat_to_socket(path) - start(run_cat_to_socket)


def run_piped(args, path):
    """args, its output through a pipe, the lines counted."""
    for name in ("logs", "copy.d"):
        shutil.rmtree(name, ignore_errors=True)
    for name in glob.glob("copy*"):
        os.unlink(name)
    with open(path, "rb") as f:
        p = subprocess.Popen(args, stdin=f, stdout=subprocess.PIPE)
    lines = count(p.stdout.fileno())
    seconds = busy(p)
    # ss-log says which epoch it is, first; a logger keeps them to itself
    if args[0] != "rotatelogs" and args[0] != "s6-log":
        check(args, path, lines - (args[0] == "ss-log"))
    return seconds


def wait_for_socket(path):
    s = socket.socket(socket.AF_UNIX)
    for _ in range(1000):
        try:
            s.connect(path)
            return s
        except OSError:
            time.sleep(0.01)
    sys.exit("stages.py: no bus")


def run_broadcast(readers, path):
    """ss-broadcast to so many subscribers, without a log to look into."""
    shutil.rmtree("logs", ignore_errors=True)
    p = subprocess.Popen(["ss-broadcast", "-q", "-o", "listen:bus",
                          "--history", "0", "--max-lag", "1G",
                          "--drain-timeout", "60"], stdin=subprocess.PIPE)
    socks = [wait_for_socket("bus") for _ in range(readers)]
    counts = [0] * readers

    def read(i):
        counts[i] = count(socks[i].fileno())

    threads = [threading.Thread(target=read, args=(i,))
               for i in range(readers)]
    for t in threads:
        t.start()
    with open(path, "rb") as f:
        shutil.copyfileobj(f, p.stdin, 65536)
    p.stdin.close()
    seconds = busy(p)
    for t, s in zip(threads, socks):
        t.join()
        s.close()
    for c in counts:
        check("ss-broadcast", path, c)
    return seconds


def run_cat_to_socket(path):
    """cat, fed in the same way, into a socket of the same kind."""
    ours, theirs = socket.socketpair()
    p = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=theirs)
    theirs.close()
    got = []
    t = threading.Thread(target=lambda: got.append(count(ours.fileno())))
    t.start()
    with open(path, "rb") as f:
        shutil.copyfileobj(f, p.stdin, 65536)
    p.stdin.close()
    seconds = busy(p)
    t.join()
    ours.close()
    check("cat", path, got[0])
    return seconds


def compare(title, ours, theirs):
    """Medians: our ns a line, theirs, and how much faster we are."""
    rows = [(ours(), theirs()) for _ in range(ROUNDS)]
    a, b = (statistics.median(r[i] for r in rows) / LINES * 1e9
            for i in (0, 1))
    ratio = statistics.median(r[1] / max(r[0], 1e-9) for r in rows)
    print(f"{title:46} {a:8.0f} {b:8.0f} {1e9 / a:12,.0f} {ratio:7.2f}",
          flush=True)
    return a, ratio


def goal(what, met):
    goals.append(f"{'met    ' if met else 'not met'}  {what}")


def moderate():
    ns, ratio = compare("ss-moderate : jq -c ., chat",
                        lambda: piped(("ss-moderate",), "chat"),
                        lambda: piped(("jq", "-c", "."), "chat"))
    goal(f"ss-moderate >= 2 x jq -c .: {ratio:.2f}", ratio >= 2)
    goal(f"ss-moderate >= 400,000 lines/s: {1e9 / ns:,.0f}",
         1e9 / ns >= 400000)


def passing():
    ns, _ = compare("ss-moderate : cat, gifts",
                    lambda: piped(("ss-moderate",), "gift"),
                    lambda: piped(("cat",), "gift"))
    goal(f"ss-moderate passes a line on in <= 100 ns: {ns:.0f}", ns <= 100)
    ns, _ = compare("ss-broadcast : cat, gifts, nobody listens",
                    lambda: broadcast(0, "gift"),
                    lambda: piped(("cat",), "gift"))
    goal(f"ss-broadcast takes a line in <= 100 ns: {ns:.0f}", ns <= 100)


def logging():
    ours = ("ss-log", "--dir", "logs", "--sync=none", "--max-size", "16M")
    others = [(("tee", "-a", "copy"), None),
              (("s6-log", "n9", "s16777216", "./copy.d"), "s6-log"),
              (("rotatelogs", "-n", "9", "copy.r", "16M"), "rotatelogs")]
    for args, needs in others:
        if needs and not shutil.which(needs):
            print(f"ss-log : {needs}: not here (make bench-deps)")
            continue
        _, ratio = compare(f"ss-log : {args[0]}, chat, rolled at 16 MB",
                           lambda: piped(ours, "chat"),
                           lambda args=args: piped(args, "chat"))
        if args[0] == "tee":
            goal(f"ss-log >= 0.7 x tee -a: {ratio:.2f}", ratio >= 0.7)


def fan_out():
    _, ratio = compare("ss-broadcast : cat, chat, into one socket",
                       lambda: broadcast(1, "chat"),
                       lambda: cat_to_socket("chat"))
    goal(f"ss-broadcast to one >= 0.7 x cat: {ratio:.2f}", ratio >= 0.7)
    compare("ss-broadcast : cat, chat, into eight",
            lambda: broadcast(8, "chat"), lambda: cat_to_socket("chat"))


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = re.search(r"model name\s*: (.*)", f.read())
    name = model.group(1) if model else "?"
    print(f"{LINES} lines, medians of {ROUNDS} alternating rounds; "
          f"{os.cpu_count()} x {name}, load {os.getloadavg()[0]:.1f}")
    print(f"{'ours : theirs':46} {'ns/line':>8} {'theirs':>8} "
          f"{'our lines/s':>12} {'faster':>7}")


def main():
    for tool in ("ss-moderate", "ss-log", "ss-broadcast", "jq"):
        if not shutil.which(tool):
            sys.exit(f"stages.py: no {tool}")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write_lines()
        machine()
        for part in (moderate, passing, logging, fan_out):
            part()
        os.chdir("/")
    print()
    for g in goals:
        print(g)


if __name__ == "__main__":
    main()
