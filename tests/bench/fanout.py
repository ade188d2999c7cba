#!/usr/bin/env python3
"""fanout.py: the gateway's fan-out against the bare limit and against peers,
all driven by ss-load, one after the other in each of ROUNDS rounds, because
only ratios within one round mean something. The table shows medians; at the
end each goal is held against its figure.

    ROUNDS=3 SECONDS_EACH=2 python3 tests/bench/fanout.py [--small]

--small runs the bare loop and the pipeline once, briefly, and asks only
whether every frame was right.
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys

from servers import CORES, Missing, Server

SMALL = "--small" in sys.argv[1:]
ROUNDS = 1 if SMALL else int(os.environ.get("ROUNDS", "5"))
SECONDS = os.environ.get("SECONDS_EACH", "2")
ALL = ["bare send", "bare gather", "ss-gateway", "nchan", "node ws", "fastapi"]
OWN = ALL[:3]
NEVER = {
    "uWebSockets": "not tried: its own package is in none of the registries used here",
    "nats-server": "its WebSocket speaks another protocol than ss-load",
    "mosquitto": "its WebSocket speaks another protocol than ss-load",
}
LOADS = {
    "1000 one": (ALL, ["--viewers", "1000", "--max", "--window", "1"]),
    "1000 max": (ALL, ["--viewers", "1000", "--max", "--senders", "8"]),
    "1000x150": (ALL, ["--viewers", "1000", "--rate", "150"]),
    "10000 one": (OWN, ["--viewers", "10000", "--max", "--window", "1"]),
    "10000x60": (OWN, ["--viewers", "10000", "--rate", "60"]),
}
if SMALL:
    LOADS = {"20 one": (OWN, ["--viewers", "20", "--rate", "50"])}
    SECONDS = "0.5"

failed = []


def load(server, args, pid=True):
    argv = ["ss-load", "--json", "--url", f"ws://127.0.0.1:{server.port}/ws",
            "--duration", SECONDS + "s", "--warmup", "0.3s", *args]
    if pid:
        argv += ["--pid", str(server.pid)]
    if len(CORES) > 1:
        argv = ["taskset", "-c", str(CORES[1])] + argv
    out = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    try:
        got = json.loads(out.stdout)
    except ValueError:
        raise Missing("ss-load: " + out.stderr.strip()[-200:]) from None
    return got


def one(name, label, args, missing):
    """One figure; None where there is none, and then why is said."""
    try:
        server = Server(name)
    except Missing as why:
        missing[name] = str(why)
        return None
    try:
        got = load(server, args)
    except (Missing, subprocess.TimeoutExpired) as why:
        missing[name] = str(why)
        failed.append(f"{name}, {label}: {why}")
        return None
    finally:
        server.stop()
    bad = {k: v for k, v in got["errors"].items() if v}
    if bad or not got["deliveries"]:
        failed.append(f"{name}, {label}: {bad or 'nothing delivered'}")
    return got


def rounds(missing):
    """{load: {server: [result of each round, or None]}}"""
    got = {}
    for _ in range(ROUNDS):
        for label, (names, args) in LOADS.items():
            for name in names:
                if name not in missing:
                    r = one(name, label, args, missing)
                    got.setdefault(label, {}).setdefault(name, []).append(r)
    return got


def cpu(r):
    return r.get("cpu_us_per_delivery") if r else None


def p99(r):
    return r["latency_us"].get("p99") if r else None


def mid(rows, what):
    v = [x for x in map(what, rows) if x]
    return statistics.median(v) if v else None


def ratio(got, label, a, b, what):
    """Median over the rounds of a's figure to b's."""
    rows = got.get(label, {})
    pairs = zip(rows.get(a, []), rows.get(b, []))
    v = [what(x) / what(y) for x, y in pairs if what(x) and what(y)]
    return statistics.median(v) if v else None


def text(x, form="%.2f"):
    return form % x if x else "-"


def table(got):
    print("%-10s %-12s %10s %8s %12s %9s %9s  %s" % (
        "load", "server", "us CPU per", "to bare", "deliveries/s", "p50 ms",
        "p99 ms", "load generator"))
    for label, servers in got.items():
        base = "bare gather" if label == "1000 max" else "bare send"
        for name, rows in servers.items():
            rs = [r for r in rows if r]
            if not rs:
                continue
            p50 = mid(rs, lambda r: r["latency_us"].get("p50"))
            slow = sum(1 for r in rs if r["self"]["bottleneck"])
            print("%-10s %-12s %10s %8s %12s %9s %9s  %s" % (
                label, name, text(mid(rs, cpu)),
                text(ratio(got, label, name, base, cpu)),
                text(mid(rs, lambda r: r["deliveries_per_second"]), "%.0f"),
                text(p50 and p50 / 1e3), text((mid(rs, p99) or 0) / 1e3),
                f"was full {slow} of {len(rs)}" if slow else "had room"))


def hwm(pid):
    with open(f"/proc/{pid}/status") as f:
        v = {k: x for k, x in (line.split(":", 1) for line in f)}
    return int(v["VmRSS"].split()[0]), int(v["VmHWM"].split()[0])


def idle():
    """kB per idle connection and accepts a second, at 10,000."""
    s = Server("ss-gateway")
    try:
        before, _ = hwm(s.pid)
        r = load(s, ["--viewers", "10000", "--senders", "0"])
        _, after = hwm(s.pid)
    finally:
        s.stop()
    n = r["connected"]
    return (after - before) / max(n, 1), n / (r["connect_seconds"] or 1)


def loop():
    s = Server("ss-gateway")
    try:
        return load(s, ["--viewers", "100", "--rate", "10",
                        "--duration", "5s"])["latency_us"]
    finally:
        s.stop()


def slow():
    """Ten of a thousand stop reading: deliveries/s to those without."""
    args, rate = ["--viewers", "1000", "--max", "--senders", "8"], []
    closed = None
    for more in ([], ["--slow", "10"]):
        s = Server("ss-gateway lag")
        try:
            r = load(s, args + more)
        finally:
            s.stop()
        rate.append(r["deliveries_per_second"])
        closed = r["slow"]["closed_4008"] + r["slow"]["cut"]
        if not r["ok"]:
            failed.append("slow viewers: %s" % r["errors"])
    return rate[1] / rate[0] if rate[0] else None, closed


def goal(what, figure, limit, above=False, form="%.2f"):
    if figure is None:
        verdict = "not measured"
    else:
        verdict = "met" if (figure >= limit if above else figure <= limit) \
            else "NOT met"
    print("%-62s %10s %s %-6g %s" % (
        what, text(figure, form), ">=" if above else "<=", limit, verdict))


def goals(got):
    g = "ss-gateway"
    for n in ("1000", "10000"):
        goal(f"{n} viewers, one event at a time: CPU to bare send",
             ratio(got, n + " one", g, "bare send", cpu), 1.05)
    goal("saturated: deliveries per CPU second to bare gather",
         ratio(got, "1000 max", "bare gather", g, cpu), 0.9, True)
    goal("1,000 x 150/s: p99 to bare send",
         ratio(got, "1000x150", g, "bare send", p99), 1.1)
    m = mid(got.get("10000x60", {}).get(g, []), p99)
    goal("10,000 x 60/s: p99, ms", m and m / 1e3, 150)
    for peer, single, full in (("nchan", 1.4, 10), ("node ws", 1.4, 10),
                               ("fastapi", 2.5, 20)):
        goal(f"{peer}'s CPU one at a time, to ours",
             ratio(got, "1000 one", peer, g, cpu), single, True)
        goal(f"{peer}'s CPU saturated, to ours",
             ratio(got, "1000 max", peer, g, cpu), full, True)
    t = loop()
    goal("100 viewers, 10/s, all four stages: p50, us", t.get("p50"), 400)
    goal("the same: p99, us", t.get("p99"), 2000)
    kb, rate = idle()
    goal("10,000 idle: kB resident per connection", kb, 2.5)
    goal("10,000: connections a second", rate, 8000, True, "%.0f")
    share, closed = slow()
    goal("10 of 1,000 don't read: deliveries/s to none", share, 0.95, True)
    goal("the same: of the ten, so many were closed", closed, 10, True, "%d")
    print("not judged here: idle CPU with pings, --gather, what slow viewers "
          "recover;\nthe stages' figures are those of stages.sh")


def main():
    missing = dict(NEVER)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = 20000 if hard == resource.RLIM_INFINITY else min(20000, hard)
    if soft != resource.RLIM_INFINITY and soft < want:
        resource.setrlimit(resource.RLIMIT_NOFILE, (want, hard))
    print("fan-out: %s, %d cores, %d rounds of %s s, server and load on a "
          "core each" % (platform.platform(), len(CORES), ROUNDS, SECONDS))
    got = rounds(missing)
    table(got)
    for name, why in missing.items():
        print(f"missing: {name}: {why}")
    if not SMALL:
        goals(got)
    for line in failed:
        print("wrong: " + line)
    return 1 if failed or "ss-gateway" in missing else 0


if __name__ == "__main__":
    sys.exit(main())
