#!/usr/bin/python3
"""A WebSocket chat that makes one kind of mistake, for ss-load to find.

  bad_server.py PORTFILE MISTAKE

Listens on a free port of the loopback address and writes it to PORTFILE. What
one viewer sends goes to all as a chat event. From the fourth message on the
mistake is made: once, and to one viewer where the name ends in -one.
"""

import asyncio
import base64
import hashlib
import json
import struct
import sys

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
portfile, mistake = sys.argv[1:3]
viewers = []
held = {}
count = 0
gifts = {}
past = []  # (seq, frame) for those who come back with since


def frame(payload, first=0x81):
    n = len(payload)
    if n < 126:
        return bytes([first, n]) + payload
    return bytes([first, 126]) + struct.pack(">H", n) + payload


def lines(viewer, event):
    """What this viewer gets for the event number `count`, as frames."""
    one = viewer is viewers[-1]
    data = json.dumps(event).encode()
    if mistake == "fragments":
        return (frame(data[:9], 0x01) + frame(b"p", 0x89)
                + frame(data[9:20], 0x00) + frame(data[20:], 0x80))
    if count == 4:
        if mistake == "gap-one" and one or mistake == "gap-all":
            return b""
        if mistake == "gap-first" and viewer is viewers[0]:
            return b""
        if mistake == "repeat-one" and one:
            return frame(data) * 2
        if mistake == "swap-one" and one or mistake == "swap-all":
            held[viewer] = data
            return b""
        if mistake == "corrupt-one" and one:
            return frame(data.replace(b"hello", b"jello").replace(
                b'"user"', b'"usxr"'))
        if mistake == "byte-one" and one:
            return frame(data.replace(b'"zz": 1', b'"zz": 2'))
        if mistake == "name-all":
            return frame(json.dumps({**event, "user": "eve"}).encode())
        if mistake == "crc-all":
            return frame(json.dumps(
                {**event, "message": event["message"][:-1] + "x"}).encode())
        if mistake == "json-one" and one:
            return frame(data[:-1])
        if mistake == "masked" and one:
            return bytes([0x81, 0x80 | 1, 0, 0, 0, 0]) + b"x"
        if mistake == "rsv" and one:
            return frame(data, 0xC1)
        if mistake == "binary" and one:
            return frame(data, 0x82)
        if mistake == "cont" and one:
            return frame(data, 0x80)
        if mistake == "close-one" and one:
            return frame(struct.pack(">H", 1011), 0x88)
        if mistake == "badclose" and one:
            return frame(struct.pack(">H", 1005), 0x88)
        if mistake == "eof" and one:
            return None
    if count == 5 and viewer in held:
        return frame(data) + frame(held.pop(viewer))
    return frame(data)


async def read_frame(reader):
    a, b = await reader.readexactly(2)
    assert b & 0x80, "not masked"
    n = b & 127
    if n == 126:
        n = struct.unpack(">H", await reader.readexactly(2))[0]
    mask = await reader.readexactly(4)
    data = await reader.readexactly(n)
    return a & 15, bytes(c ^ mask[i % 4] for i, c in enumerate(data))


def publish(event):
    global count
    count += 1
    room = event.pop("room")
    if mistake.startswith("recover"):
        event["seq"] = count
        past.append((count, frame(json.dumps(event).encode())))
    for v in list(viewers):
        if v.room != room and mistake != "leak":
            continue
        if v.skip:
            v.skip = False
            continue
        out = lines(v, event)
        if out is None:
            v.writer.close()
        else:
            v.writer.write(out)


class Viewer:
    def __init__(self, writer, name, room):
        self.writer, self.name, self.room = writer, name, room
        self.skip = False

    def hello(self, query):
        """With since what was missed, or a claim that it was all."""
        since = dict(x.split("=") for x in query.split("&")).get("since")
        self.writer.write(frame(json.dumps(
            {"type": "hello", "epoch": "e1", "seq": count,
             "recovered": since is not None}).encode()))
        if since is not None and mistake == "recover":
            for seq, data in past:
                if seq > int(since):
                    self.writer.write(data)
        self.skip = since is not None and mistake == "recover-gap"


async def websocket(reader, writer, target, head):
    name, _, query = target.rpartition("/")[2].partition("?")
    key = [x.split(b": ")[1] for x in head if
           x.lower().startswith(b"sec-websocket-key")][0]
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    if mistake == "accept":
        accept = b"A" * 27 + b"="
    if mistake == "status":
        writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
        return
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 b"Connection: Upgrade\r\n"
                 + (b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
                    if mistake == "extension" else b"")
                 + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    v = Viewer(writer, name, query if "room=" in query else "")
    viewers.append(v)
    if mistake.startswith("recover"):
        v.hello(query)
    seen = 0
    try:
        while True:
            op, data = await read_frame(reader)
            if op == 8:
                writer.write(frame(data, 0x88))
                break
            if op == 10:
                print("pong", data.decode(), flush=True)
            if op != 1:
                continue
            m = json.loads(data)
            seen += 1
            if mistake == "refuse" and seen == 4:
                writer.write(frame(json.dumps(
                    {"type": "error", "code": "busy",
                     "nonce": m["nonce"]}).encode()))
                continue
            publish({"type": "chat", "user": name, "zz": 1,
                     "message": m["message"], "room": v.room})
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        viewers.remove(v)


async def gift(reader, writer, head):
    length = int([x.split(b": ")[1] for x in head if
                  x.lower().startswith(b"content-length")][0])
    key = [x.split(b": ")[1] for x in head if
           x.lower().startswith(b"idempotency-key")][0]
    body = json.loads(await reader.readexactly(length))
    known = key in gifts
    fresh = "01ARZ3NDEKTSV4RRFFQ69G5%03d" % len(gifts)
    gid = gifts.setdefault(key, fresh)
    if not known or mistake == "gift-twice":
        publish({"type": "gift", **body, "nonce": key.decode(), "room": ""})
    if mistake == "gift-id" and known:
        gid = "01ARZ3NDEKTSV4RRFFQ69G5XXX"
    answer = json.dumps({"status": "queued", "id": gid}).encode()
    status = b"500 Oops" if mistake == "gift-500" else b"200 OK"
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n"
                 % len(answer) + answer)


async def serve(reader, writer):
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        method, target, _ = head[0].decode().split(" ")
        if method == "POST":
            await gift(reader, writer, head)
        else:
            await websocket(reader, writer, target, head)
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with open(portfile, "w", encoding="ascii") as f:
        f.write(str(server.sockets[0].getsockname()[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
