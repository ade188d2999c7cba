#!/usr/bin/env python3
"""fanout.py: the gateway's fan-out against the bare limit and against peers,
one after the other in each of ROUNDS rounds, because only ratios within one
round mean something. The table shows medians; at the end each goal is held
against its figure.

    ROUNDS=5 SECONDS_EACH=2 python3 tests/bench/fanout.py [--quick | --small]
        [--markdown]

ONLY="1000 one,1000 max" and SERVERS="bare send,ss-gateway" choose. --quick is
one short round without the long measurements at the end; --small runs the
bare loops and the pipeline once, briefly, and asks only whether every frame
was right. --markdown prints the table of README.md as well.
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys

from servers import BROKER, CORES, Missing, Server

SMALL = "--small" in sys.argv[1:]
QUICK = SMALL or "--quick" in sys.argv[1:]
ROUNDS = 1 if QUICK else int(os.environ.get("ROUNDS", "5"))
SECONDS = os.environ.get("SECONDS_EACH", "1" if QUICK else "2")
BARE = ["bare send", "bare uring", "bare gather"]
OWN = BARE + ["ss-gateway", "no io_uring"]
PEERS = ["uWebSockets", "nchan", "nats-server", "mosquitto", "node ws",
         "fastapi"]
# ours add to what a viewer said; from the others all get the same bytes back,
# so there he says so much more that frames have one size
WHOLE = ["--size", "188"]
STAGES = ("ss-gateway", "no io_uring")
ONE, MAX = ["--max", "--window", "1"], ["--max", "--senders", "8"]
# who is measured, how, and how many messages a broker has on their way
LOADS = {
    "1000 one": (OWN + PEERS, ["--viewers", "1000", *ONE], 1),
    "1000 max": (OWN + PEERS, ["--viewers", "1000", *MAX], 64),
    "1000x150": (OWN + ["uWebSockets", "nchan", "node ws", "fastapi"],
                 ["--viewers", "1000", "--rate", "150"], None),
    "10000 one": (OWN + ["uWebSockets"], ["--viewers", "10000", *ONE], None),
    "10000x60": (OWN + ["uWebSockets"],
                 ["--viewers", "10000", "--rate", "60"], None),
}
if SMALL:
    LOADS = {"20 one": (OWN, ["--viewers", "20", "--rate", "50"], None)}
    SECONDS = "0.5"

failed = []


def chosen(name, all_of):
    want = os.environ.get(name)
    return [x for x in all_of if not want or x in want.split(",")]


def run(argv, timeout=180):
    if len(CORES) > 1:
        argv = ["taskset", "-c", str(CORES[1])] + argv
    out = subprocess.run(argv, capture_output=True, text=True,
                         timeout=timeout)
    try:
        return json.loads(out.stdout)
    except ValueError:
        raise Missing(argv[-1] + ": " + out.stderr.strip()[-200:]) from None


def load(server, args, pid=True):
    argv = ["ss-load", "--json", "--url", f"ws://127.0.0.1:{server.port}/ws",
            "--duration", SECONDS + "s", "--warmup", "0.3s", *args]
    return run(argv + (["--pid", str(server.pid)] if pid else []))


def broker(server, protocol, viewers, window):
    """The same of one who speaks another protocol, as far as it is known."""
    got = run(["pubsub", protocol, str(server.port), viewers, str(window),
               SECONDS, str(server.pid)])
    got.update(errors={"lost": got["lost"]}, latency_us={},
               deliveries=got["deliveries_per_second"],
               self={"bottleneck": None})
    return got


def one(name, label, missing):
    """One figure; None where there is none, and then why is said."""
    _, args, window = LOADS[label]
    try:
        server = Server(name)
    except Missing as why:
        missing[name] = str(why)
        return None
    try:
        got = broker(server, BROKER[name], args[1], window) \
            if name in BROKER else load(
                server, args + ([] if name in STAGES else WHOLE))
    except (Missing, subprocess.TimeoutExpired) as why:
        failed.append(f"{name}, {label}: {why}")
        return None
    finally:
        server.stop()
    bad = {k: v for k, v in got["errors"].items() if v}
    # a peer that can't keep up is measured, not judged
    if (bad and name not in PEERS) or not got["deliveries"]:
        failed.append(f"{name}, {label}: {bad or 'nothing delivered'}")
    return got


def progress(text):
    if sys.stderr.isatty():
        print("\r\033[K" + text, end="", file=sys.stderr, flush=True)


def rounds(missing):
    """{load: {server: [result of each round, or None]}}"""
    got = {}
    for i in range(ROUNDS):
        for label in chosen("ONLY", LOADS):
            for name in chosen("SERVERS", LOADS[label][0]):
                if name not in missing:
                    progress(f"round {i + 1} of {ROUNDS}: {label}, {name}")
                    r = one(name, label, missing)
                    got.setdefault(label, {}).setdefault(name, []).append(r)
    progress("")
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


def markdown(got):
    """CPU per delivery; what a server does not do, or fails at, is a dash."""
    names = [n for n in ["bare send", "bare uring", "bare gather",
                         "ss-gateway", "no io_uring", *PEERS]
             if any(n in servers for servers in got.values())]
    print("| load |" + "".join(f" {n} |" for n in names))
    print("|---|" + "---|" * len(names))
    for label, servers in got.items():
        print(f"| {label} |" + "".join(
            " %s |" % text(mid(servers.get(n, []), cpu)) for n in names))


def memory(pid):
    with open(f"/proc/{pid}/status") as f:
        v = dict(line.split(":", 1) for line in f)
    return int(v["VmRSS"].split()[0]), int(v["VmHWM"].split()[0])


def idle():
    """10,000 who only listen: kB each, connections a second, and the share
    of a core that the pings of 30 seconds cost."""
    s = Server("ss-gateway")
    try:
        before, _ = memory(s.pid)
        r = load(s, ["--viewers", "10000", "--senders", "0",
                     "--duration", "30s"])
        _, after = memory(s.pid)
    finally:
        s.stop()
    n = r["connected"]
    busy = sum(p["cpu_seconds"] for p in r["server"])
    return ((after - before) / max(n, 1), n / (r["connect_seconds"] or 1),
            100 * busy / 30)


def loop():
    """100 viewers, 10 messages a second: us from send to receipt."""
    both = []
    for name in ("ss-gateway", "bare send"):
        s = Server(name)
        try:
            both.append(load(s, [
                "--viewers", "100", "--rate", "10", "--duration", "5s",
                *([] if name in STAGES else WHOLE)])["latency_us"])
        finally:
            s.stop()
    return both


def churn():
    """p99 in ms while 1,000 of 10,000 leave and come back each second."""
    args, r = ["--viewers", "10000", "--rate", "10", "--duration", "4s"], []
    for more in ([], ["--churn", "1000"]):
        s = Server("ss-gateway")
        try:
            r.append(load(s, args + more))
        finally:
            s.stop()
    if not r[1]["ok"]:
        failed.append("churn: %s" % r[1]["errors"])
    return [x["latency_us"].get("p99", 0) / 1e3 for x in r]


def slow():
    """Ten of a thousand stop reading: what changes for the others."""
    args, r, kb = ["--viewers", "1000", *MAX, "--duration", "5s"], [], []
    for more in ([], ["--slow", "10"]):
        s = Server("ss-gateway lag")
        try:
            r.append(load(s, args + more))
            kb.append(memory(s.pid)[1])
        finally:
            s.stop()
    if not r[1]["ok"]:
        failed.append("slow viewers: %s" % r[1]["errors"])
    rate = [x["deliveries_per_second"] for x in r]
    late = [x["latency_us"].get("p99", 0) for x in r]
    return (rate[1] / rate[0] if rate[0] else None,
            late[1] / late[0] if late[0] else None,
            r[1]["slow"]["closed_4008"] + r[1]["slow"]["cut"],
            (kb[1] - kb[0]) / 1024)


def goal(what, figure, limit, above=False, form="%.2f"):
    if figure is None:
        verdict = "not measured"
    else:
        verdict = "met" if (figure >= limit if above else figure <= limit) \
            else "NOT met"
    print("%-62s %10s %s %-6g %s" % (
        what, "-" if figure is None else form % figure,
        ">=" if above else "<=", limit, verdict), flush=True)


def against_bare(got):
    g = "ss-gateway"
    for n in ("1000", "10000"):
        what = f"{n} viewers, one event at a time: CPU to bare send, "
        goal(what + "io_uring", ratio(got, n + " one", g, "bare send", cpu),
             0.9)
        goal(what + "without", ratio(got, n + " one", "no io_uring",
                                     "bare send", cpu), 1.05)
    goal("saturated: deliveries per CPU second to bare gather",
         ratio(got, "1000 max", "bare gather", g, cpu), 0.9, True)
    goal("1,000 x 150/s: p99 to bare send",
         ratio(got, "1000x150", g, "bare send", p99), 1.1)
    rows = got.get("10000x60", {}).get(g, [])
    m = mid(rows, p99)
    goal("10,000 x 60/s: p99, ms", m and m / 1e3, 150)
    m = mid(rows, lambda r: r["deliveries_per_second"])
    goal("10,000 x 60/s: deliveries/s", m, 594000, True, "%.0f")


def against_peers(got):
    g = "ss-gateway"
    for label in LOADS:
        what = cpu if " " in label else p99
        goal(f"uWebSockets, {label}: its {what.__name__} to ours",
             ratio(got, label, "uWebSockets", g, what), 1, True)
    for peer, single, full in (
            ("nchan", 1.4, 10), ("node ws", 1.4, 10),
            ("nats-server", 1.4, 10), ("mosquitto", 1.4, 10),
            ("fastapi", 2.5, 20)):
        goal(f"{peer}'s CPU one at a time, to ours",
             ratio(got, "1000 one", peer, g, cpu), single, True)
        goal(f"{peer}'s CPU saturated, to ours",
             ratio(got, "1000 max", peer, g, cpu), full, True)


def scale():
    t, bare = loop()
    goal("100 viewers, 10/s, all four stages: p50, us", t.get("p50"), 400,
         form="%.0f")
    goal("the same: p99, us", t.get("p99"), 2000, form="%.0f")
    print("    (the bare loop, without a stage: p50 %.0f us, p99 %.0f us)" % (
        bare.get("p50", 0), bare.get("p99", 0)))
    kb, rate, busy = idle()
    goal("10,000 idle: kB resident per connection", kb, 2.5)
    goal("10,000: connections a second", rate, 8000, True, "%.0f")
    goal("10,000 idle, pings: % of a core", busy, 1)
    before, during = churn()
    print("1,000 of 10,000 leave and come back a second: p99 %.1f ms, "
          "without %.1f ms" % (during, before))
    share, late, closed, mb = slow()
    goal("10 of 1,000 don't read: deliveries/s to none", share, 0.95, True)
    goal("the same: p99 to none", late, 1.1)
    goal("the same: of the ten, so many were closed", closed, 10, True, "%d")
    goal("the same: MB more memory", mb, 16)


def main():
    if not {"--small", "--quick", "--markdown"}.issuperset(sys.argv[1:]):
        print(__doc__)
        return 0 if sys.argv[1:] == ["--help"] else 2
    missing = {}
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = 20000 if hard == resource.RLIM_INFINITY else min(20000, hard)
    if soft != resource.RLIM_INFINITY and soft < want:
        resource.setrlimit(resource.RLIMIT_NOFILE, (want, hard))
    print("fan-out: %s, %d cores, %d rounds of %s s, server and load on a "
          "core each" % (platform.platform(), len(CORES), ROUNDS, SECONDS))
    got = rounds(missing)
    table(got)
    if "--markdown" in sys.argv[1:]:
        markdown(got)
    for name, why in missing.items():
        print(f"missing: {name}: {why}")
    if not SMALL:
        against_bare(got)
        against_peers(got)
    if not QUICK:
        scale()
    for line in failed:
        print("wrong: " + line)
    return 1 if failed or "ss-gateway" in missing else 0


if __name__ == "__main__":
    sys.exit(main())
