"""metrics_check.py: reads Prometheus' text exposition format from stdin as
strictly as its documents have it, and prints the samples, "NAME{LABELS} VALUE"
a line. Exit 1 with a word about the first fault:

- every sample belongs to a metric whose HELP and TYPE came before, once each
- names, labels and values have their form; no sample comes twice
- a counter ends in _total, and nothing else does; all are finite and >= 0
- a histogram has ascending cumulative buckets up to +Inf, a sum, and a count
  that is the last bucket's
"""

import math
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL})(?:,{LABEL})*)\}})? (\S+)")
TYPES = {"counter", "gauge", "histogram"}


def fail(number, why):
    sys.exit(f"line {number}: {why}")


def metric_of(name, types):
    """The metric a sample's name belongs to."""
    if name in types:
        return name
    for suffix in ("_bucket", "_sum", "_count"):
        base = name.removesuffix(suffix)
        if base != name and types.get(base) == "histogram":
            return base
    return None


def check_histogram(name, samples):
    buckets = [(k, v) for n, k, v in samples if n == name + "_bucket"]
    edges = []
    for labels, value in buckets:
        m = re.search(r'le="([^"]*)"', labels)
        if not m:
            sys.exit(f"{name}: a bucket without le")
        edges.append((float(m[1].replace("+Inf", "inf")), value))
    if not edges or edges[-1][0] != math.inf:
        sys.exit(f"{name}: no bucket +Inf")
    for (a, x), (b, y) in zip(edges, edges[1:]):
        if a >= b or x > y:
            sys.exit(f"{name}: buckets do not ascend")
    rest = {n: v for n, _, v in samples}
    if rest.get(name + "_count") != edges[-1][1]:
        sys.exit(f"{name}: count is not the last bucket's")
    if name + "_sum" not in rest:
        sys.exit(f"{name}: no sum")


def main():
    text = sys.stdin.buffer.read().decode()
    if not text.endswith("\n"):
        sys.exit("the last line has no end")
    types, helps, seen, of = {}, set(), set(), {}
    for number, line in enumerate(text.split("\n")[:-1], 1):
        if m := re.fullmatch(rf"# HELP ({NAME}) (\S.*)", line):
            if m[1] in helps:
                fail(number, "HELP twice")
            helps.add(m[1])
        elif m := re.fullmatch(rf"# TYPE ({NAME}) (\w+)", line):
            if m[1] in types or m[1] not in helps or m[2] not in TYPES:
                fail(number, f"TYPE: {line}")
            if (m[2] == "counter") != m[1].endswith("_total"):
                fail(number, f"a counter, or not: {line}")
            types[m[1]] = m[2]
        elif m := SAMPLE.fullmatch(line):
            metric = metric_of(m[1], types)
            if metric is None:
                fail(number, f"without TYPE: {line}")
            if (m[1], m[2]) in seen:
                fail(number, f"twice: {line}")
            seen.add((m[1], m[2]))
            value = float(m[3])
            if not math.isfinite(value) or value < 0:
                fail(number, f"value: {line}")
            of.setdefault(metric, []).append((m[1], m[2] or "", value))
            print(line)
        else:
            fail(number, f"not understood: {line}")
    for name, kind in types.items():
        if name not in of:
            sys.exit(f"{name}: no sample")
        if kind == "histogram":
            check_histogram(name, of[name])


main()
