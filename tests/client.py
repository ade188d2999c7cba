#!/usr/bin/python3
"""The tests' WebSocket client, on the sans-I/O layer of python3-websockets.

  client.py ws[s]://HOST:PORT/PATH [option | step]...
      Connects, does the steps in their order, prints every text frame that
      arrives as one line, closes. Exit status: 0; 1 an expectation failed; 3
      the handshake was refused ("#status CODE BODY" is printed).

  client.py raw PORT [--timeout S] [--half-close] [--reset]
      Sends stdin as it is, prints what comes back: until the response is
      whole, the peer closes ("#eof") or time is up ("#timeout").

  client.py crowd ws://HOST:PORT/ws --idle M --chatters K [--rate R]
          [--messages N]
      M connections that only listen and K that send N messages, R a second
      altogether. All must get all, each once, in the same order and byte for
      byte the same, and no sender's messages may change places. Prints a
      summary as JSON; exit status 1 where that did not hold.
"""

import argparse
import json
import os
import re
import resource
import select
import socket
import ssl
import struct
import sys
import time

from websockets.client import ClientConnection
from websockets.connection import State
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri


def fail(text):
    sys.stdout.flush()
    print("client: " + text, file=sys.stderr)
    sys.exit(1)


class Conn:
    """One WebSocket connection over a blocking socket."""

    def __init__(self, url, opts):
        self.uri = parse_uri(url)
        self.opts = opts
        self.seen = []  # (line, it is a frame)
        self.looked = 0  # how many of them the steps have dealt with
        self.gone = False
        self.text = b""
        self.refused = None
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if opts.rcvbuf:
            self.sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, opts.rcvbuf)
        self.sock.settimeout(opts.timeout)
        self.sock.connect((self.uri.host, self.uri.port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.uri.secure:
            context = ssl.create_default_context(cafile=opts.cafile)
            self.sock = context.wrap_socket(
                self.sock, server_hostname=self.uri.host)
        self.ws = ClientConnection(
            self.uri, subprotocols=opts.subprotocol or None, max_size=None)
        self.shake()

    def shake(self):
        request = self.ws.connect()
        headers = Headers(request.headers.raw_items())
        for line in self.opts.header:
            name, _, value = line.partition(":")
            headers[name.strip()] = value.strip()
        request.headers = headers
        self.ws.send_request(request)
        self.flush()
        end = time.monotonic() + self.opts.timeout
        while self.ws.state is State.CONNECTING and not self.refused:
            if not self.receive(end):
                fail("handshake: connection closed without an answer")

    def flush(self):
        for data in self.ws.data_to_send():
            try:
                if data:
                    self.sock.sendall(data)
                else:
                    self.sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the answer to what broke it is still to be read

    def receive(self, end):
        """Reads once. False when the peer is gone or time is up."""
        if self.gone:
            return False
        left = end - time.monotonic()
        held = self.uri.secure and self.sock.pending()
        if left <= 0 or not (
                held or select.select([self.sock], [], [], left)[0]):
            return False
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError):  # Python 3.13: TLS
            data = b""
        if data:
            self.ws.receive_data(data)
        else:
            self.gone = True
            self.ws.receive_eof()
        for event in self.ws.events_received():
            self.event(event)
        if not self.gone:
            self.flush()
        return True

    def event(self, event):
        if isinstance(event, Response):
            if isinstance(self.ws.handshake_exc, InvalidHandshake):
                self.refused = event
        elif event.opcode in (Opcode.TEXT, Opcode.CONT):
            self.text += event.data
            if event.fin:
                self.frame(self.text)
                self.text = b""
        elif event.opcode is Opcode.BINARY:
            fail("a binary frame came")
        elif event.opcode is Opcode.PONG:
            self.show(b"#pong " + event.data)

    def frame(self, text):
        if self.opts.raw_out:
            self.opts.raw_out.write(text + b"\n")
            self.opts.raw_out.flush()
        self.show(text, True)

    def show(self, line, frame=False):
        self.seen.append((line, frame))
        if not self.opts.silent:
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.flush()

    def send(self, opcode, data, fin=True):
        self.raw(Frame(opcode, data, fin).serialize(mask=True))

    def raw(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass  # the server may have closed first; what it said counts

    # The steps.

    def step_send(self, arg):
        self.send(Opcode.TEXT, arg.encode("utf-8", "surrogateescape"))

    def step_send_file(self, arg):
        with open(arg, "rb") as f:
            self.send(Opcode.TEXT, f.read())

    def step_send_lines(self, arg):
        with open(arg, "rb") as f:
            for line in f:
                self.send(Opcode.TEXT, line.rstrip(b"\n"))

    def step_binary(self, arg):
        self.send(Opcode.BINARY, arg.encode())

    def step_fragment(self, arg):
        """Single bytes, with a ping between the first two."""
        data = arg.encode()
        self.send(Opcode.TEXT, data[:1], False)
        self.send(Opcode.PING, b"between")
        for i in range(1, len(data)):
            self.send(Opcode.CONT, data[i:i + 1], i == len(data) - 1)

    def step_ping(self, arg):
        self.send(Opcode.PING, arg.encode())

    def step_bytes(self, arg):
        self.raw(bytes.fromhex(arg))

    def step_stdin(self, _):
        """Every line of stdin is sent, what comes meanwhile is printed."""
        text = b""
        while True:
            ready = select.select([0, self.sock], [], [])[0]
            if self.sock in ready and not self.receive(
                    time.monotonic() + 1):
                return
            if 0 not in ready:
                continue
            data = os.read(0, 65536)
            if not data:
                return
            text += data
            *lines, text = text.split(b"\n")
            for line in lines:
                self.send(Opcode.TEXT, line)

    def step_expect(self, arg):
        """So many frames behind those that earlier steps have seen."""
        left = int(arg)
        end = time.monotonic() + self.opts.timeout
        while left > 0:
            while self.looked < len(self.seen) and left > 0:
                left -= self.seen[self.looked][1]
                self.looked += 1
            if left > 0 and not self.receive(end):
                fail("%d of %s frames came" % (int(arg) - left, arg))

    def step_until(self, arg):
        want = re.compile(arg.encode())
        end = time.monotonic() + self.opts.timeout
        while True:
            while self.looked < len(self.seen):
                self.looked += 1
                if want.search(self.seen[self.looked - 1][0]):
                    return
            if not self.receive(end):
                fail("nothing like /%s/ came" % arg)

    def step_expect_close(self, arg):
        end = time.monotonic() + self.opts.timeout
        while self.ws.close_rcvd is None:
            if not self.receive(end):
                fail("no close frame came%s" % (
                    ", but the end of the stream" if self.gone else ""))
        close = self.ws.close_rcvd
        self.show(b"#close %d %s" % (close.code, close.reason.encode()))
        if arg != "any" and close.code != int(arg):
            fail("closed with %d, not %s" % (close.code, arg))

    def step_expect_eof(self, _):
        end = time.monotonic() + self.opts.timeout
        while not self.gone:
            if not self.receive(end) and not self.gone:
                fail("the connection is still open")

    def step_close(self, arg):
        self.send(Opcode.CLOSE, struct.pack("!H", int(arg)))

    def step_reset(self, _):
        self.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
        sys.exit(0)

    def step_touch(self, arg):
        with open(arg, "w", encoding="ascii"):
            pass

    def step_wait_file(self, arg):
        """Without reading: this is how a slow viewer is made."""
        end = time.monotonic() + self.opts.timeout
        while not os.path.exists(arg):
            if time.monotonic() > end:
                fail("no file %s" % arg)
            time.sleep(0.02)
        # Through a window of a few kB every part waits for a delayed
        # acknowledgement, which takes minutes on a busy machine.
        if self.opts.rcvbuf:
            self.sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def bye(self):
        if self.gone or self.ws.state is not State.OPEN:
            return
        self.send(Opcode.CLOSE, struct.pack("!H", 1000))
        end = time.monotonic() + 2
        while self.ws.close_rcvd is None and self.receive(end):
            pass


STEPS = (
    "send send-file send-lines binary fragment ping bytes expect until "
    "expect-close close touch wait-file"
).split()
FLAG_STEPS = "stdin expect-eof reset".split()


class Step(argparse.Action):
    def __call__(self, parser, ns, values, option_string=None):
        ns.steps.append((self.dest, values))


def session(argv):
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("url")
    p.add_argument("--timeout", type=float, default=10)
    p.add_argument("--raw-out", type=argparse.FileType("wb"))
    p.add_argument("--subprotocol", action="append", default=[])
    p.add_argument("--header", action="append", default=[])
    p.add_argument("--rcvbuf", type=int)
    p.add_argument("--cafile", help="whom wss: may trust")
    p.add_argument("--silent", action="store_true")
    p.add_argument("--show-subprotocol", action="store_true")
    p.set_defaults(steps=[])
    for name in STEPS:
        p.add_argument("--" + name, action=Step)
    for name in FLAG_STEPS:
        p.add_argument("--" + name, action=Step, nargs=0)
    opts = p.parse_args(argv)
    conn = Conn(opts.url, opts)
    if conn.refused:
        body = (conn.refused.body or b"").decode("utf-8", "replace")
        print("#status %d %s" % (conn.refused.status_code, body))
        return 3
    if opts.show_subprotocol:
        print("#subprotocol %s" % conn.ws.subprotocol, flush=True)
    for name, arg in opts.steps:
        getattr(conn, "step_" + name)(arg)
    conn.bye()
    return 0


def whole(data):
    """An HTTP response with all of its body."""
    head, sep, body = data.partition(b"\r\n\r\n")
    if not sep:
        return False
    if re.match(rb"HTTP/1\.[01] 101 ", head):
        return True
    length = re.search(rb"(?im)^content-length: *(\d+)\r?$", head)
    return bool(length) and len(body) >= int(length.group(1))


def raw(argv):
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("port", type=int)
    p.add_argument("--timeout", type=float, default=5)
    p.add_argument("--half-close", action="store_true")
    p.add_argument("--reset", action="store_true")
    opts = p.parse_args(argv)
    sock = socket.create_connection(("127.0.0.1", opts.port))
    sock.settimeout(opts.timeout)
    data = b""
    note = b""
    try:
        sock.sendall(sys.stdin.buffer.read())
        if opts.reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
            return 0
        if opts.half_close:
            sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    while not whole(data):
        try:
            part = sock.recv(65536)
        except socket.timeout:
            note = b"\n#timeout\n"
            break
        except ConnectionResetError:
            part = b""
        if not part:
            note = b"\n#eof\n"
            break
        data += part
    sys.stdout.buffer.write(data.replace(b"\r", b"") + note)
    return 0


class Viewer:
    """One of a crowd: the handshake is the library's, then bytes count."""

    def __init__(self, url):
        uri = parse_uri(url)
        self.ws = ClientConnection(uri)
        self.sock = socket.create_connection((uri.host, uri.port))
        self.sock.settimeout(20)
        self.ws.send_request(self.ws.connect())
        self.sock.sendall(b"".join(self.ws.data_to_send()))
        head = b""
        while b"\r\n\r\n" not in head:
            part = self.sock.recv(4096)
            if not part:
                fail("a handshake failed: %r" % head)
            head += part
        head, _, rest = head.partition(b"\r\n\r\n")
        self.ws.receive_data(head + b"\r\n\r\n")
        if self.ws.state is not State.OPEN:
            fail("a handshake was refused: %r" % head)
        self.sock.setblocking(False)
        self.data = bytearray(rest)

    def frames(self):
        """Text frames as they came, header included."""
        data, out, at = self.data, [], 0
        while at + 2 <= len(data):
            n, skip = data[at + 1] & 127, 2
            if n == 126:
                n, skip = struct.unpack_from("!H", data, at + 2)[0], 4
            elif n == 127:
                n, skip = struct.unpack_from("!Q", data, at + 2)[0], 10
            if at + skip + n > len(data):
                break
            if data[at] & 15 < 8:
                out.append(bytes(data[at:at + skip + n]))
            at += skip + n
        return out


class Crowd:
    def __init__(self, opts):
        self.opts = opts
        self.all = [Viewer("%s/v%d" % (opts.url, i))
                    for i in range(opts.idle + opts.chatters)]
        self.poll = select.epoll()
        self.by_fd = {v.sock.fileno(): v for v in self.all}
        for fd in self.by_fd:
            self.poll.register(fd, select.EPOLLIN)
        self.sent = 0
        self.start = time.monotonic()

    def send_due(self):
        due = min(int((time.monotonic() - self.start) * self.opts.rate),
                  self.opts.messages)
        while self.sent < due:
            who = self.sent % self.opts.chatters
            text = json.dumps(
                {"type": "chat", "message": "message %d" % self.sent})
            self.all[who].sock.send(Frame(
                Opcode.TEXT, text.encode()).serialize(mask=True))
            self.sent += 1

    def receive(self):
        for fd, _ in self.poll.poll(0.01):
            try:
                part = self.by_fd[fd].sock.recv(262144)
            except (BlockingIOError, ConnectionResetError):
                part = b""
            if part:
                self.by_fd[fd].data += part
            else:
                fail("a viewer was disconnected")

    def complete(self):
        first = self.all[0]
        if len(first.frames()) < self.opts.messages:
            return False
        n = len(first.data)
        return all(len(v.data) >= n or len(v.frames()) >=
                   self.opts.messages for v in self.all)

    def run(self):
        end = self.start + self.opts.timeout
        check = 0
        while time.monotonic() < end:
            self.send_due()
            self.receive()
            if self.sent == self.opts.messages and \
                    time.monotonic() > check:
                if self.complete():
                    return
                check = time.monotonic() + 0.2
        got = [len(v.frames()) for v in self.all]
        fail("%d sent; %d to %d received" % (
            self.sent, min(got), max(got)))

    def judge(self):
        first = self.all[0]
        frames = first.frames()
        same = all(v.data == first.data or v.frames() == frames
                   for v in self.all)
        last, order, seen = {}, True, set()
        for frame in frames:
            body = frame[4 if frame[1] & 127 == 126 else 2:]
            event = json.loads(body.decode("utf-8"))
            n = int(event["message"].split()[1])
            order = order and last.get(event["user"], -1) < n
            last[event["user"]] = n
            seen.add(n)
        print(json.dumps({
            "viewers": len(self.all), "frames": len(frames),
            "distinct": len(seen), "identical": same,
            "senders_in_order": order}))
        return 0 if same and order and len(frames) == len(
            seen) == self.opts.messages else 1


def crowd(argv):
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("url")
    p.add_argument("--idle", type=int, required=True)
    p.add_argument("--chatters", type=int, required=True)
    p.add_argument("--rate", type=float, default=100)
    p.add_argument("--messages", type=int, default=300)
    p.add_argument("--timeout", type=float, default=60)
    opts = p.parse_args(argv)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    c = Crowd(opts)
    c.run()
    return c.judge()


def main():
    modes = {"raw": raw, "crowd": crowd}
    if len(sys.argv) > 1 and sys.argv[1] in modes:
        return modes[sys.argv[1]](sys.argv[2:])
    return session(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
