#!/usr/bin/python3
"""Clients that mean no good.

  hostile.py slowloris PORT [--connections N]
      N connections that say nothing, or one byte now and then. Says
      "holding" when they stand, opens each one anew that is closed, and
      goes on until it is killed.

  hostile.py http PORT [--tls]
      Requests that are malformed, huge, smuggled, cut or slow, one
      connection each, some of them at a time. Each must get an HTTP answer
      with one of the statuses that stand beside the request, and JSON if it
      is an error; in between, the server must go on answering others. Prints
      what came, and at the end "gifts N": so many has mallory given by then, since each
      connection serves its first request, if all of it was sent. What
      follows one, or is refused, is from "smuggle", who gives none.
      Exit status 1 where something else came.
"""

import argparse
import concurrent.futures
import json
import random
import selectors
import socket
import ssl
import sys
import time

HOST = "127.0.0.1"
AT_ONCE = 12  # cases side by side
TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE


def slowloris(port, n):
    sel = selectors.DefaultSelector()
    conns = {}

    def open_one(i):
        s = socket.create_connection((HOST, port), 10)
        s.setblocking(False)
        sel.register(s, selectors.EVENT_READ, i)
        conns[i] = s
        if i % 2:
            s.send(b"GET /ws/slow HTTP/1.1\r\nX-Slow: ")

    for i in range(n):
        open_one(i)
    print("holding %d" % len(conns), flush=True)
    while True:
        for key, _ in sel.select(0.2):
            try:
                if key.fileobj.recv(4096):
                    continue
            except OSError:
                pass
            sel.unregister(key.fileobj)
            key.fileobj.close()
            open_one(key.data)
        for i in random.sample(sorted(conns), 20):
            try:
                if i % 2:
                    conns[i].send(b"x")
            except OSError:
                pass  # closed: seen above


H = b"Host: 127.0.0.1\r\n"
JSON = b"Content-Type: application/json\r\n"
GIFT = b'{"from":"mallory","gift_id":1,"amount":1}'
POST = b"POST /api/gift HTTP/1.1\r\n" + H + JSON
IGNORED = b"X-A: b\r\n"
ARGS = b"Uri-Args: wait=1\r\n"
AUTHORITY = b"HTTPS://u@[::1]:8000"
HIDDEN = GIFT.replace(b"mallory", b"smuggle")  # as long as the other
UPGRADE = (b"Upgrade: websocket\r\nConnection: upgrade\r\n"
           b"Sec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n")
LEN = b"Content-Length: %d\r\n\r\n" % len(GIFT)
LOOSE = b"Content-Length:\t%d \t\r\n\r\n" % len(GIFT)

# (what it is, the bytes, statuses that are right)
CASES = [
    ("a good one", POST + LEN + GIFT, {200}),
    ("an empty line in front", b"\r\n" + POST + LEN + GIFT, {200}),
    ("empty lines only", b"\r\n\r\n\r\n\r\n", {400}),
    ("a line feed in front", b"\n" + POST + LEN + HIDDEN, {400}),
    ("binary rubbish", bytes(range(256)) * 8, {400}),
    ("TLS to a plain port", bytes.fromhex(
        "16030100c8010000c40303") + b"\x5a" * 194, {400}),
    ("an HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9,
     {405}),
    ("HTTP/0.9", b"GET /healthz\r\n", {400}),
    ("a method of no kind", b"BREW /healthz HTTP/1.1\r\n" + H + b"\r\n",
     {405}),
    ("a method in small letters", b"get /healthz HTTP/1.1\r\n" + H + b"\r\n",
     {405}),
    ("a method without an end", b"A" * 70000, {405}),
    ("TRACE", b"TRACE /healthz HTTP/1.1\r\n" + H + b"\r\n", {405}),
    ("CONNECT", b"CONNECT a.example:443 HTTP/1.1\r\n" + H + b"\r\n", {405}),
    ("DELETE", b"DELETE /api/gift HTTP/1.1\r\n" + H + b"\r\n", {405}),
    ("an absolute target", b"GET http://a.example/healthz HTTP/1.1\r\n" + H +
     b"\r\n", {200}),
    ("the server as such", b"OPTIONS * HTTP/1.1\r\n" + H + b"\r\n", {405}),
    ("the server as a page", b"GET * HTTP/1.1\r\n" + H + b"\r\n", {400}),
    ("a gift to an absolute target", POST.replace(
        b"/api", AUTHORITY + b"/api") + LEN + GIFT, {200}),
    ("an absolute target without a path",
     b"GET http://127.0.0.1:80 HTTP/1.1\r\n" + H + b"\r\n", {200}),
    ("one without a host", b"GET http:///healthz HTTP/1.1\r\n" + H + b"\r\n",
     {400}),
    ("one of another scheme", b"GET ftp://a.example/ HTTP/1.1\r\n" + H +
     b"\r\n", {400}),
    ("a target of no form", b"GET healthz HTTP/1.1\r\n" + H + b"\r\n", {400}),
    ("a path out of the tree", b"GET /../../etc/passwd HTTP/1.1\r\n" + H +
     b"\r\n", {404}),
    ("the same in disguise", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" +
     H + b"\r\n", {404}),
    ("a NUL in the path", b"GET /health\0z HTTP/1.1\r\n" + H + b"\r\n",
     {400}),
    ("a NUL in disguise", b"GET /healthz%00 HTTP/1.1\r\n" + H + b"\r\n",
     {400}),
    ("a line break in disguise", b"GET /x%0d%0aA:%20b HTTP/1.1\r\n" + H +
     b"\r\n", {400}),
    ("half an escape", b"GET /healthz%4 HTTP/1.1\r\n" + H + b"\r\n", {400}),
    ("an escape of no kind", b"GET /healthz%zz HTTP/1.1\r\n" + H + b"\r\n",
     {400}),
    ("a path of 300 bytes", b"GET /" + b"a" * 300 + b" HTTP/1.1\r\n" + H +
     b"\r\n", {404}),
    ("a path of 8,000 bytes", b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\n" + H +
     b"\r\n", {404}),
    ("a path of 64 KiB", b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\n" + H +
     b"\r\n", {414}),
    ("a path without an end", b"GET /" + b"a" * 9000, {414}),
    ("1,000 arguments", b"GET /healthz?" + b"a&" * 1000 + b" HTTP/1.1\r\n" + H +
     b"\r\n", {414}),
    ("60 arguments", b"GET /healthz?" + b"a=b&" * 59 + b" HTTP/1.1\r\n" + H +
     b"\r\n", {200}),
    ("a header of 64 KiB", b"GET /healthz HTTP/1.1\r\n" + H + b"X-Big: " +
     b"a" * 65536 + b"\r\n\r\n", {431}),
    ("a header of 8,000 bytes", b"GET /healthz HTTP/1.1\r\n" + H + b"X-Big: " +
     b"a" * 8000 + b"\r\n\r\n", {200}),
    ("a header's name of 8,000 bytes", b"GET /healthz HTTP/1.1\r\n" + H +
     b"a" * 8000 + b": b\r\n\r\n", {200}),
    ("1,000 headers", b"GET /healthz HTTP/1.1\r\n" + H + b"".join(
        b"X-%d: %d\r\n" % (i, i) for i in range(1000)) + b"\r\n", {431}),
    ("a name that begins as another", b"GET /healthz HTTP/1.1\r\n" + H +
     b"X-A: b\r\n\r\n", {200}),
    ("one in front of a length", POST + IGNORED + LEN + GIFT, {200}),
    ("the name of a method", POST + b"GET /: b\r\n" + LEN + HIDDEN, {400}),
    ("the name of arguments", POST + ARGS + LEN + GIFT,
     {200}),
    ("60 headers", b"GET /healthz HTTP/1.1\r\n" + H + b"".join(
        b"X-%d: %s\r\n" % (i, b"a" * 110) for i in range(60)) + b"\r\n",
     {200}),
    ("60 headers of one name", b"GET /healthz HTTP/1.1\r\n" + H +
     b"Cookie: a=b\r\n" * 60 + b"\r\n", {200}),
    ("a header without a name", b"GET /healthz HTTP/1.1\r\n" + H +
     b": x\r\n\r\n", {400}),
    ("a header without a colon", b"GET /healthz HTTP/1.1\r\n" + H +
     b"nothing\r\n\r\n", {400}),
    ("a header that hides the next", POST + b"X-A\r\n" + LEN + HIDDEN, {400}),
    ("a folded header", b"GET /healthz HTTP/1.1\r\n" + H +
     b"X-A: b\r\n c\r\n\r\n", {400}),
    ("a NUL in a known header", b"GET /healthz HTTP/1.1\r\n" + H +
     b"Accept: a\0b\r\n\r\n", {400}),
    ("a NUL in an unknown one", b"GET /healthz HTTP/1.1\r\n" + H +
     b"X-A: a\0b\r\n\r\n", {400}),
    ("a NUL in a name", b"GET /healthz HTTP/1.1\r\n" + H +
     b"X-\0A: b\r\n\r\n", {400}),
    ("a lone carriage return", POST + b"Accept: a\rContent-Length: 1\r\n" +
     LEN + HIDDEN, {400}),
    ("one in an unknown header", POST + b"X-A: a\rContent-Length: 1\r\n" +
     LEN + HIDDEN, {400}),
    ("a lone line feed", POST + b"X-A: a\nContent-Length: 1\r\n" + LEN +
     HIDDEN, {400}),
    ("Latin-1 in a header", b"GET /healthz HTTP/1.1\r\n" + H +
     b"X-A: \xe4\r\n\r\n", {200}),
    ("bare line feeds", b"GET /healthz HTTP/1.1\nHost: a\n\n", {400}),
    ("bare carriage returns", b"GET /healthz HTTP/1.1\rHost: a\r\r", {400}),
    ("an upgrade to something else", b"GET /healthz HTTP/1.1\r\n" + H +
     b"Upgrade: TLS/1.0\r\nConnection: upgrade\r\n\r\n", {200}),
    ("an upgrade to this and that", b"GET /ws/m HTTP/1.1\r\n" + H + UPGRADE +
     b"Upgrade: h2c\r\n\r\n", {101}),
    ("a length of words", POST + b"Content-Length: many\r\n\r\n", {400}),
    ("a negative length", POST + b"Content-Length: -5\r\n\r\n", {400}),
    ("a signed length", POST + b"Content-Length: +%d\r\n\r\n" % len(GIFT) +
     HIDDEN, {400}),
    ("a length in hex", POST + b"Content-Length: 0x29\r\n\r\n" + HIDDEN, {400}),
    ("a length beyond 64 bits", POST + b"Content-Length: " + b"9" * 30 +
     b"\r\n\r\n", {400, 413}),
    ("two lengths", POST + b"Content-Length: 5\r\n" + LEN + HIDDEN, {400}),
    ("two equal lengths", POST + LEN[:-2] + LEN + HIDDEN, {400}),
    ("white space around a length", POST + LOOSE + GIFT, {200}),
    ("two keys of one gift", POST + b"Idempotency-Key: a\r\n"
     b"Idempotency-Key: b\r\n" + LEN + HIDDEN, {400}),
    ("an empty encoding", POST + b"Transfer-Encoding:\r\n" + LEN + HIDDEN,
     {400}),
    ("chunks on a GET", b"GET /healthz HTTP/1.1\r\n" + H +
     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {411}),
    ("a list as length", POST + b"Content-Length: 41, 41\r\n\r\n" + HIDDEN,
     {400}),
    ("a huge length", POST + b"Content-Length: 1000000000\r\n\r\n" + HIDDEN,
     {413}),
    ("no length", POST + b"\r\n" + HIDDEN, {411}),
    ("chunks", POST + b"Transfer-Encoding: chunked\r\n\r\n29\r\n" + HIDDEN +
     b"\r\n0\r\n\r\n", {411}),
    ("bad chunks", POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", {411}),
    ("length and chunks", POST + b"Transfer-Encoding: chunked\r\n" + LEN +
     b"0\r\n\r\n" + POST + LEN + HIDDEN, {400, 411}),
    ("a blank behind an encoding's name", POST +
     b"Transfer-Encoding : chunked\r\n" + LEN + HIDDEN, {400}),
    ("a blank behind it, in another order", POST + LEN[:-2] +
     b"transfer-encoding : chunked\r\n\r\n" + HIDDEN, {400}),
    ("a tab behind it", POST + b"Transfer-Encoding\t: chunked\r\n" + LEN +
     HIDDEN, {400}),
    ("blanks behind it", POST + b"Transfer-Encoding \t: chunked\r\n" + LEN +
     HIDDEN, {400}),
    ("a blank behind a length's name", POST + b"Content-Length : 5\r\n" +
     LEN + HIDDEN, {400}),
    ("a blank behind a host's name", POST + b"Host : a.example\r\n" + LEN +
     HIDDEN, {400}),
    ("a blank behind one's name in an upgrade", b"GET /ws/m HTTP/1.1\r\n" + H +
     b"Transfer-Encoding : chunked\r\n" + UPGRADE + b"\r\n", {400}),
    ("an encoding in disguise", POST + b"Transfer-Encoding: xchunked\r\n" +
     LEN + HIDDEN, {400, 411}),
    ("a body on a GET", b"GET /healthz HTTP/1.1\r\n" + H +
     b"Content-Length: 5\r\n\r\nhello", {400}),
    ("two in one packet", b"GET /healthz HTTP/1.1\r\n" + H + b"\r\n" +
     b"GET /metrics HTTP/1.1\r\n" + H + b"\r\n", {200}),
    ("a gift behind a gift", POST + LEN + GIFT + POST + LEN + HIDDEN, {200}),
    ("more body than it said", POST + LEN + GIFT + b"x" * 1000, {200}),
    ("an upgrade with a body", b"GET /ws/m HTTP/1.1\r\n" + H +
     b"Upgrade: websocket\r\nConnection: upgrade\r\n" +
     b"Sec-WebSocket-Version: 13\r\nContent-Length: 10\r\n" +
     b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + b"\0" * 10,
     {400}),
    ("an upgrade with chunks", b"GET /ws/m HTTP/1.1\r\n" + H + UPGRADE +
     b"Transfer-Encoding: chunked\r\n\r\n", {400}),
    ("an upgrade without a key", b"GET /ws/m HTTP/1.1\r\n" + H +
     b"Upgrade: websocket\r\nConnection: upgrade\r\n" +
     b"Sec-WebSocket-Version: 13\r\n\r\n", {400}),
    ("an upgrade to h2c", b"GET /healthz HTTP/1.1\r\n" + H +
     b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
     b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", {200, 400, 404}),
    ("no host", b"GET /healthz HTTP/1.1\r\n\r\n", {400}),
    ("no host in an upgrade", b"GET /ws/m HTTP/1.1\r\n" + UPGRADE + b"\r\n",
     {400}),
    ("no host in a gift", POST.replace(H, b"") + LEN + HIDDEN, {400}),
    ("an empty host", b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", {400}),
    ("two hosts", b"GET /healthz HTTP/1.1\r\n" + H + H + b"\r\n", {400}),
    ("two hosts in an upgrade", b"GET /ws/m HTTP/1.1\r\n" + H +
     b"Host: a.example\r\n" + UPGRADE + b"\r\n", {400}),
    ("no host, as HTTP/1.0 may", b"GET /healthz HTTP/1.0\r\n\r\n", {200}),
    ("a version to come", b"GET /healthz HTTP/1.2\r\n" + H + b"\r\n", {200}),
    ("a version of the future", b"GET /healthz HTTP/3.7\r\n" + H + b"\r\n",
     {505}),
    ("one of the far future", b"GET /healthz HTTP/9.9\r\n" + H + b"\r\n",
     {505}),
    ("a gift of the future", POST.replace(b"1.1", b"2.0") + LEN + HIDDEN,
     {505}),
    ("an upgrade of the future", b"GET /ws/m HTTP/9.9\r\n" + H + UPGRADE +
     b"\r\n", {505}),
    ("a version in small letters", b"GET /healthz http/1.1\r\n" + H + b"\r\n",
     {400}),
    ("a version with more to it", b"GET /healthz HTTP/1.1 x\r\n" + H +
     b"\r\n", {400}),
    ("a version of many digits", b"GET /healthz HTTP/1.10\r\n" + H + b"\r\n",
     {400}),
    ("no JSON", POST + b"Content-Length: 5\r\n\r\nhello", {400}),
    ("deep JSON", POST + b"Content-Length: 60000\r\n\r\n" + b"[" * 60000,
     {400}),
    ("not UTF-8", POST + b"Content-Length: 4\r\n\r\n\"\xff\xfe\"", {400}),
]


def connect(port, tls):
    s = socket.create_connection((HOST, port), 10)
    return TRUSTING.wrap_socket(s) if tls else s


def ask(port, data, pause=None, tls=False):
    """Sends data, all at once or with a pause; gives what came back."""
    s = connect(port, tls)
    try:
        s.settimeout(20)
        try:
            if pause:
                s.sendall(data[:pause])
                time.sleep(0.05)
                data = data[pause:]
            s.sendall(data)
        except OSError:
            pass  # refused before all of it was read
        got = b""
        while True:
            try:
                part = s.recv(65536)
            except socket.timeout:
                return got, False
            except OSError:
                break
            got += part
            if not part or got.startswith(b"HTTP/1.1 101"):
                break
        return got, True
    finally:
        s.close()


def verdict(got, ended, want):
    """What is wrong with the answer, or None."""
    if not ended:
        return "no end within 20 s"
    if not got:
        return "no answer"
    if not got.startswith(b"HTTP/1."):
        return "no HTTP: %r" % got[:40]
    status = int(got[9:12])
    if status not in want:
        return "status %d" % status
    head, _, body = got.partition(b"\r\n\r\n")
    if got.count(b"HTTP/1.1 ") > 1:
        return "two answers"
    if b"application/json" in head:
        json.loads(body)
    elif status not in (101, 200):
        return "an error that is no JSON"
    return None


def given(data):
    """Gifts that the bytes are worth on a connection of their own."""
    data = data.removeprefix(b"\r\n")
    for ignored in AUTHORITY, IGNORED, ARGS:
        data = data.replace(ignored, b"", 1)
    data = data.replace(LOOSE, LEN, 1)
    return int(data.startswith(POST + LEN + GIFT))


def attack(port, tls, case):
    """One case in all its ways: the lines to print, the gifts, how many bad."""
    name, data, want = case
    lines = []
    bad = gifts = 0
    for pause in (None, 1, len(data) // 2):
        got, ended = ask(port, data, pause, tls)
        why = verdict(got, ended, want)
        line = got.split(b"\r\n")[0].decode("latin-1") if got else "-"
        lines.append("%s %s: %s%s" % (
            "ok" if not why else "BAD", name, line,
            "  (%s)" % why if why else ""))
        bad += bool(why)
        gifts += given(data)
    # who leaves at any point is no trouble, and has given what he sent
    for cut in {0, 1, len(data) // 3, len(data) - 1}:
        s = connect(port, tls)
        try:
            s.sendall(data[:cut])
        except OSError:
            pass
        s.close()
        gifts += given(data[:cut])
    if not ask(port, b"GET /healthz HTTP/1.1\r\n" + H + b"\r\n", tls=tls)[0]:
        lines.append("BAD after %s: nobody else is answered" % name)
        bad += 1
    return lines, gifts, bad


def http(port, tls):
    """All cases, some at a time: most of them only wait for their end."""
    bad = gifts = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for lines, given_here, bad_here in pool.map(
                lambda case: attack(port, tls, case), CASES):
            print("\n".join(lines), flush=True)
            gifts += given_here
            bad += bad_here
    print("gifts %d" % gifts)
    return bad > 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("what", choices=["slowloris", "http"])
    p.add_argument("port", type=int)
    p.add_argument("--connections", type=int, default=500)
    p.add_argument("--tls", action="store_true")
    opts = p.parse_args()
    if opts.what == "slowloris":
        slowloris(opts.port, opts.connections)
    return http(opts.port, opts.tls)


if __name__ == "__main__":
    sys.exit(main())
