#!/usr/bin/python3
"""RFC 6455 from a client's side, against an echo route.

  conformance.py PORT PATH [tls]

Cases after the groups of Autobahn's suite: 1 framing, 2 pings, 3 reserved
bits, 4 opcodes, 5 fragments, 6 UTF-8, 7 closing, 10 chopped frames, and what
else a server has to refuse. Prints a line for each and exits 1 where one
failed.
"""

import os
import random
import socket
import ssl
import struct
import sys

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE


class Gone(Exception):
    """The server has ended the connection."""


def frame(op, data=b"", fin=True, rsv=0, mask=None, size=0):
    """A client's; mask b"": none."""
    b0 = (0x80 if fin else 0) | rsv << 4 | op
    n = len(data)
    mask = os.urandom(4) if mask is None else mask
    b1 = 0x80 if mask else 0
    if n < 126 and size < 2:
        head = struct.pack("!BB", b0, b1 | n)
    elif n < 65536 and size < 8:
        head = struct.pack("!BBH", b0, b1 | 126, n)
    else:
        head = struct.pack("!BBQ", b0, b1 | 127, n)
    key = (mask or bytes(4)) * (n // 4 + 1)
    return head + mask + bytes(a ^ b for a, b in zip(data, key))


class Peer:
    def __init__(self, port, path, tls=False, more=b""):
        """more: in one packet with the handshake."""
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.sock = TRUSTING.wrap_socket(self.sock)
        self.data = b""
        self.sock.sendall((
            "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            % path).encode() + more)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            part = self.sock.recv(1)
            if not part:
                raise Gone
            head += part
        assert head.startswith(b"HTTP/1.1 101"), head

    def frame(self, op, data=b"", fin=True, rsv=0, chop=0, mask=None, size=0):
        """chop: so many bytes at a time; size: of the length, at least."""
        self.raw(frame(op, data, fin, rsv, mask, size), chop)

    def raw(self, data, chop=0):
        for i in range(0, len(data), chop or len(data)):
            try:
                self.sock.sendall(data[i:i + (chop or len(data))])
            except OSError:
                return  # closed already: what it said is read below

    def read(self, n):
        while len(self.data) < n:
            try:
                part = self.sock.recv(65536)
            except ConnectionResetError:
                raise Gone from None
            if not part:
                raise Gone
            self.data += part
        got, self.data = self.data[:n], self.data[n:]
        return got

    def get(self):
        """The next frame: (opcode, payload)."""
        b0, n = self.read(2)
        assert b0 & 0x80 and not b0 & 0x70, "reserved bits, or a fragment"
        assert not n & 0x80, "a server's frame is masked"
        if n == 126:
            n = struct.unpack("!H", self.read(2))[0]
        elif n == 127:
            n = struct.unpack("!Q", self.read(8))[0]
        return b0 & 15, self.read(n)

    def expect(self, *frames):
        for want in frames:
            got = self.get()
            assert got == want, "%r came" % (got[:1] + (got[1][:40],),)

    def ends(self, code):
        """It closes with this code."""
        op, data = self.get()
        assert op == CLOSE, "opcode %d came" % op
        got = struct.unpack("!H", data[:2])[0] if data else None
        assert got == code, "code %s" % got
        data[2:].decode()

    def is_over(self):
        try:
            more = self.read(1)
        except Gone:
            return
        assert False, "%r came behind the end" % more


def echoes(op, data, **how):
    def run(p):
        p.frame(op, data, **how)
        p.expect((op, data))
    return run


def fragments(op, parts, between=None):
    def run(p):
        for i, part in enumerate(parts):
            p.frame(op if not i else 0, part, i == len(parts) - 1)
            if between is not None and i < len(parts) - 1:
                p.frame(PING, between)
        pongs = [(PONG, between)] * (
            len(parts) - 1 if between is not None else 0)
        got = [p.get() for _ in range(len(pongs) + 1)]
        assert (op, b"".join(parts)) in got, "no echo"
        assert got.count((PONG, between)) == len(pongs), "no pong"
    return run


def refuses(code, *frames):
    def run(p):
        for f in frames:
            p.frame(*f[:2], **(f[2] if len(f) > 2 else {}))
        p.ends(code)
    return run


def closes(payload, code):
    """A close frame that is answered by one with this code."""
    def run(p):
        p.frame(CLOSE, payload)
        p.ends(code)
        p.is_over()
    return run


def pings(n, chop=0):
    """n at once, with a message behind them, each with its own payload."""
    def run(p):
        texts = [b"%d" % i + b"." * (i % 100) for i in range(n)]
        p.raw(b"".join(frame(PING, t) for t in texts), chop)
        p.frame(TEXT, b"x")
        got = [p.get() for _ in range(n + 1)]
        assert [g for g in got if g[0] == PONG] == [
            (PONG, t) for t in texts], "not all, or not in order"
        assert (TEXT, b"x") in got, "no echo"
    return run


def many_pings(p):
    """More than is read at once, or waits: the last has to be answered."""
    texts = [b"%d" % i + b"." * 100 for i in range(900)]
    p.raw(b"".join(frame(PING, t) for t in texts) + frame(TEXT, b"x"))
    got = []
    while (TEXT, b"x") not in got or (PONG, texts[-1]) not in got:
        got.append(p.get())
    pongs = [texts.index(t) for op, t in got if op == PONG]
    assert pongs == sorted(set(pongs)), "not in order"


VALID = [
    "Hello-µ@ßöäüàá-UTF-8!!".encode(), "κόσμε".encode(), b"\x00", b"\x7f",
    b"\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80", b"\xed\x9f\xbf",
    b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xef\xbf\xbf", b"\xf0\x90\x80\x80",
    b"\xf4\x8f\xbf\xbf",
]
INVALID = [
    b"\x80", b"\xbf", b"\x80\xbf\x80", b"\xc0\xaf", b"\xc1\xbf",
    b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xf0\x80\x80\xaf",
    b"\xf0\x8f\xbf\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80",
    b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xfe\xfe\xff\xff",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
]
SIZES = [0, 125, 126, 127, 128, 65535, 65536, 100000]
GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999,
              4000, 4999]
YOUNG_CODES = [1012, 1013, 1014]  # good ones, for which 1000 comes back
BAD_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000,
             65535]


def cases():
    for op, name in ((TEXT, "text"), (BINARY, "binary")):
        for n in SIZES:
            yield "1 %s of %d" % (name, n), echoes(op, b"*" * n)
        yield "1 %s of 65536, chopped" % name, echoes(
            op, b"*" * 65536, chop=997)
    for n in (0, 1, 125):
        yield "2 ping of %d" % n, lambda p, n=n: (
            p.frame(PING, b"\xfe" * n), p.expect((PONG, b"\xfe" * n)))
    yield "2 ping of 126", refuses(1002, (PING, b"x" * 126))
    yield "2 ten pings", pings(10)
    yield "2 ten pings, byte by byte", pings(10, 1)
    yield "2 a hundred pings, chopped", pings(100, 37)
    yield "2 many pings", many_pings
    yield "2 pongs unasked", lambda p: (
        p.frame(PONG), p.frame(PONG, b"x"), echoes(TEXT, b"x")(p))
    yield "2 ping, byte by byte", lambda p: (
        p.frame(PING, b"x" * 125, chop=1), p.expect((PONG, b"x" * 125)))
    for rsv in range(1, 8):
        yield "3 reserved bits %d" % rsv, refuses(
            1002, (TEXT, b"x", {"rsv": rsv}))
    for op in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield "4 opcode %d" % op, refuses(1002, (op, b""))
        yield "4 opcode %d behind a message" % op, lambda p, op=op: (
            echoes(TEXT, b"x")(p), p.frame(op, b"x"), p.ends(1002))
    for op in (PING, PONG):
        yield "5 control frame %d in parts" % op, refuses(
            1002, (op, b"x", {"fin": False}))
    yield "5 two parts", fragments(TEXT, [b"one ", b"two"])
    yield "5 two parts of binary", fragments(BINARY, [b"\xff", b"\xfe"])
    yield "5 empty parts", fragments(TEXT, [b"", b"", b""])
    yield "5 many parts", fragments(TEXT, [b"ab"] * 300)
    yield "5 a ping in between", fragments(TEXT, [b"one ", b"two"], b"p")
    yield "5 a continuation of nothing", refuses(1002, (0, b"x"))
    yield "5 one of nothing, unfinished", refuses(
        1002, (0, b"x", {"fin": False}))
    yield "5 one behind a finished message", lambda p: (
        fragments(TEXT, [b"a", b"b"])(p), p.frame(0, b"c"), p.ends(1002))
    yield "5 a new message in an unfinished one", refuses(
        1002, (TEXT, b"a", {"fin": False}), (TEXT, b"b"))
    for good in VALID:
        yield "6 valid %r" % good, echoes(TEXT, good)
        yield "6 valid %r in bytes" % good, fragments(
            TEXT, [good[i:i + 1] for i in range(len(good))])
        yield "6 valid %r, chopped" % good, echoes(TEXT, good, chop=1)
    for bad in INVALID:
        yield "6 invalid %r" % bad, refuses(1007, (TEXT, bad))
        yield "6 invalid %r in parts" % bad, refuses(
            1007, (TEXT, b"ok", {"fin": False}), (0, bad))
        yield "6 %r as binary" % bad, echoes(BINARY, bad)
    for cut in (b"\xce", b"\xe1\xbd", b"\xf0\x90\x80"):
        yield "6 ends within a character %r" % cut, refuses(
            1007, (TEXT, b"x" + cut))
        yield "6 the same, and an empty part %r" % cut, refuses(
            1007, (TEXT, b"x" + cut, {"fin": False}), (0, b""))
        yield "6 the same, and an empty part between %r" % cut, refuses(
            1007, (TEXT, b"x" + cut, {"fin": False}),
            (0, b"", {"fin": False}), (0, b"x"))
    yield "7 close without a code", closes(b"", None)
    for code in GOOD_CODES:
        yield "7 close with %d" % code, closes(struct.pack("!H", code), code)
    for code in BAD_CODES:
        yield "7 close with %d" % code, closes(struct.pack("!H", code), 1002)
    yield "7 close with a reason", closes(
        struct.pack("!H", 1000) + b"x" * 123, 1000)
    for code in YOUNG_CODES:
        yield "7 close with %d" % code, closes(struct.pack("!H", code), 1000)
    yield "7 close with half a code", closes(b"\x03", 1002)
    yield "7 close with a reason too long", closes(
        struct.pack("!H", 1000) + b"x" * 124, 1002)
    yield "7 close with a reason that is not UTF-8", closes(
        struct.pack("!H", 1000) + b"\xff", 1007)
    yield "7 close, byte by byte", lambda p: (
        p.frame(CLOSE, struct.pack("!H", 3000) + b"x" * 123, chop=1),
        p.ends(3000), p.is_over())
    yield "7 a message behind a close", lambda p: (
        p.raw(frame(CLOSE, struct.pack("!H", 1000)) + frame(TEXT, b"x")),
        p.ends(1000), p.is_over())
    yield "7 close behind a message", lambda p: (
        echoes(TEXT, b"x")(p), closes(struct.pack("!H", 1000), 1000)(p))
    yield "7 close in an unfinished message", lambda p: (
        p.frame(TEXT, b"x", False), closes(struct.pack("!H", 1000), 1000)(p))
    for op in (TEXT, BINARY, PING, PONG, CLOSE):
        yield "8 opcode %d without a mask" % op, refuses(
            1002, (op, b"", {"mask": b""}))
        yield "8 the same behind a message %d" % op, lambda p, op=op: (
            echoes(TEXT, b"x")(p), p.frame(op, b"xy", mask=b""), p.ends(1002))
    yield "8 a mask of zeros", echoes(TEXT, b"x" * 300, mask=bytes(4))
    yield "8 a length in two bytes too many", refuses(
        1002, (TEXT, b"x", {"size": 2}))
    yield "8 a length in eight", refuses(1002, (TEXT, b"x" * 126, {"size": 8}))
    yield "8 a length of more than 63 bits", lambda p: (
        p.raw(b"\x82\xff" + b"\xff" * 8 + bytes(4)), p.ends(1002))
    yield "9 a message over the limit", refuses(
        1009, (BINARY, b"x" * ((1 << 20) + 1)))
    yield "10 chopped at random", lambda p: [
        echoes(TEXT, b"x" * 3000, chop=random.randint(1, 1460))(p)
        for _ in range(10)]
    yield "11 a pong within a character", lambda p: (
        p.frame(TEXT, b"\xe2\x82", False), p.frame(PONG, b"\xff"),
        p.frame(PING, b"\xff"), p.frame(0, b"\xac"),
        p.expect((PONG, b"\xff"), (TEXT, b"\xe2\x82\xac")))


HALF = frame(TEXT, b"half")
# (what it is, what comes in one packet with the handshake, what then happens)
EARLY = [
    ("a message", frame(TEXT, b"hello"), lambda p: p.expect((TEXT, b"hello"))),
    ("a ping", frame(PING, b"p") + frame(TEXT, b"x"),
     lambda p: p.expect((PONG, b"p"), (TEXT, b"x"))),
    ("pings", frame(PING, b"a") + frame(PING, b"") + frame(PING, b"c") +
     frame(TEXT, b"x"), lambda p: p.expect(
         (PONG, b"a"), (PONG, b""), (PONG, b"c"), (TEXT, b"x"))),
    ("a pong, and half a message", frame(PONG, b"p") + HALF[:5],
     lambda p: (p.raw(HALF[5:]), p.expect((TEXT, b"half")))),
    ("a close", frame(CLOSE, struct.pack("!H", 4000)), lambda p: p.ends(4000)),
    ("a frame without a mask", frame(TEXT, b"x", mask=b""),
     lambda p: p.ends(1002)),
    ("a megabyte", frame(BINARY, b"x" * 1000000),
     lambda p: p.expect((BINARY, b"x" * 1000000))),
]


def main():
    port, path, tls = int(sys.argv[1]), sys.argv[2], "tls" in sys.argv[3:]
    failed = 0
    every = [(name, b"", run) for name, run in cases()]
    every += [("12 at once: " + name, more, run) for name, more, run in EARLY]
    for name, more, run in every:
        try:
            p = Peer(port, path, tls, more)
            try:
                run(p)
            finally:
                p.sock.close()
            print("ok %s" % name)
        except (AssertionError, Gone, OSError, UnicodeError) as e:
            failed += 1
            print("FAILED %s: %s %s" % (name, type(e).__name__, e))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
