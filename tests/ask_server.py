#!/usr/bin/python3
"""A stand-in for the services that ss-moderate --ask can ask.

usage: ask_server.py PORTFILE LOGFILE [STEP]...

Each request takes the next STEP, the last one again and again; what is in a
file named "step" comes before all of them, for as long as it is there. The
score is 0.91 for a text with "bad" in it, else 0.05; a number in front of
"bad" ("0.7bad") is the score.

    detoxify     what predict() of one text returns
    batch        the same, each value a list of one
    wrapped      {"text":T,"result":{...}}, with the names of 2018
    labels       [[{"label":"toxic","score":N},...]]
    openai       the documented answer      perspective   the same
    limit        429, Retry-After: 1        busy          503, none
    fail         500                        refuse        400
    moved        302 to /elsewhere          empty         200, no body
    text         200, no JSON               array         200, []
    nan          NaN as a score             range         1.5 as a score
    string       "0.5" as a score           missing       {} around nothing
    big          200, a body of 10 MB       deep          100,000 brackets
    endless      200, a body without end    gzip          compressed
    bomb         10 MB of spaces, compressed
    badzip       says gzip, is not
    head         headers without end        garbage       no HTTP at all
    close        the connection ends without an answer
    reset        the same with RST
    half         half of an answer, then the end
    stuck        half of an answer, then nothing
    never        no answer
    late         0.2 s later                random        up to 50 ms later

The last two and "key" (401 unless the key is "s3cret+/=") answer in the format
of the path: /v1/moderations, /v1alpha1/comments:analyze, or else Detoxify's.

A line of JSON for each request goes to LOGFILE: path, headers (names in lower
case), body, conn (which connection), flight (requests under way).
Ready when PORTFILE has the port: that of ASK_PORT, or any. With ASK_TLS it
speaks TLS, by the files tls.crt and tls.key.
"""
import asyncio
import gzip
import json
import os
import random
import re
import socket
import ssl
import struct
import sys
import urllib.parse

port_file, log_file, *steps = sys.argv[1:]
steps = steps or ["late"]
KEY = "s3cret+/="
state = {"conn": 0, "flight": 0}


def score_of(text):
    number = re.search(r"([0-9.]+)bad", text)
    if number:
        return float(number.group(1))
    return 0.91 if "bad" in text else 0.05


def detoxify(text):
    s = score_of(text)
    return {"toxicity": s, "severe_toxicity": s / 10, "obscene": s / 5,
            "threat": s / 4, "insult": s / 2, "identity_attack": s / 3}


def labels(text):
    s = score_of(text)
    names = ["toxic", "severe_toxic", "obscene", "threat", "insult",
             "identity_hate"]
    return [[{"label": n, "score": s / (i + 1)} for i, n in enumerate(names)]]


def openai(text):
    s = score_of(text)
    scores = {
        "harassment": s, "harassment/threatening": s / 2, "sexual": s / 8,
        "hate": s / 4, "hate/threatening": s / 9, "illicit": 0.99,
        "illicit/violent": None, "self-harm/intent": 0.99,
        "self-harm/instructions": s / 7, "self-harm": 0.99,
        "sexual/minors": 0, "violence": s / 3, "violence/graphic": 1e-6}
    return {
        "id": "modr-1", "model": "omni-moderation-latest",
        "results": [{
            "flagged": s > 0.5,
            "categories": {k: (v or 0) > 0.5 for k, v in scores.items()},
            "category_scores": scores,
            "category_applied_input_types": {k: ["text"] for k in scores}}]}


def perspective(text):
    s = score_of(text)
    names = ["TOXICITY", "PROFANITY", "THREAT", "INSULT", "IDENTITY_ATTACK",
             "SEVERE_TOXICITY"]
    return {
        "attributeScores": {
            n: {"spanScores": [{"begin": 0, "end": len(text), "score": {
                "value": s / (i + 1), "type": "PROBABILITY"}}],
                "summaryScore": {"value": s / (i + 1),
                                 "type": "PROBABILITY"}}
            for i, n in enumerate(names)},
        "languages": ["en"], "detectedLanguages": ["en"]}


def reply(status, body, *headers):
    if not isinstance(body, bytes):
        body = body.encode()
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}",
            "Content-Type: application/json", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def text_of(body):
    if "comment" in body:
        return body["comment"]["text"]
    return body.get("input", body.get("text", ""))


def by_path(path, text):
    if path.startswith("/v1/moderations"):
        return openai(text)
    if path.startswith("/v1alpha1/comments:analyze"):
        return perspective(text)
    return detoxify(text)


def has_key(path, headers):
    query = urllib.parse.urlsplit(path).query
    return (headers.get("authorization") == "Bearer " + KEY or
            urllib.parse.parse_qs(query).get("key") == [KEY])


def simple(step, path, headers, text):
    """What most steps answer, or None."""
    whole = detoxify(text)
    result = {"toxic" if k == "toxicity" else
              "identity_hate" if k == "identity_attack" else k: v
              for k, v in whole.items()}
    answers = {
        "detoxify": whole,
        "batch": {k: [v] for k, v in whole.items()},
        "wrapped": {"text": text, "result": result},
        "labels": labels(text),
        "openai": openai(text),
        "perspective": perspective(text),
        "late": by_path(path, text),
        "random": by_path(path, text),
        "array": [],
        "range": {**whole, "toxicity": 1.5},
        "string": {**whole, "toxicity": "0.5"},
        "missing": {"results": [{}], "attributeScores": {"TOXICITY": {}}},
    }
    if step in answers:
        return reply(200, json.dumps(answers[step]))
    packed = gzip.compress(json.dumps(by_path(path, text)).encode())
    return {
        "nan": reply(200, '{"toxicity":NaN}'),
        "limit": reply(429, "{}", "Retry-After: 1"),
        "busy": reply(503, "{}"),
        "fail": reply(500, json.dumps(by_path(path, text))),
        "refuse": reply(400, '{"error":{"code":400}}'),
        "moved": reply(302, "", "Location: /elsewhere"),
        "empty": reply(200, ""),
        "text": reply(200, "<html>hello"),
        "deep": reply(200, "[" * 60000),
        "gzip": reply(200, packed, "Content-Encoding: gzip"),
        "badzip": reply(200, "{}", "Content-Encoding: gzip"),
        "garbage": b"\x00\xff\x00 hello\r\n\r\n",
        "key": reply(200, json.dumps(by_path(path, text)))
               if has_key(path, headers) else reply(401, "{}"),
    }.get(step)


async def flood(writer, head, part):
    writer.write(head)
    while True:
        writer.write(part)
        await writer.drain()


async def odd(step, writer, text):
    """The steps that are more than one answer. False: no such step."""
    good = reply(200, json.dumps(detoxify(text)))
    if step == "big":
        writer.write(reply(200, json.dumps(detoxify(text)) + " " * 10**7))
    elif step == "bomb":
        packed = gzip.compress(b" " * 10**7 + b"{}")
        writer.write(reply(200, packed, "Content-Encoding: gzip"))
    elif step == "endless":
        await flood(writer, b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536)
    elif step == "head":
        await flood(writer, b"HTTP/1.1 200 OK\r\n", b"A: " + b"b" * 999 +
                    b"\r\n")
    elif step == "stuck":
        writer.write(good[:len(good) // 2])
        await asyncio.sleep(3600)
    elif step == "half":
        writer.write(good[:len(good) - 10])
        return False
    elif step == "never":
        await asyncio.sleep(3600)
    elif step == "reset":
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    elif step == "close":
        return False
    else:
        writer.write(reply(500, "no such step"))
    return True


def next_step():
    if os.path.exists("step"):
        with open("step", encoding="ascii") as f:
            return f.read().strip()
    return steps.pop(0) if len(steps) > 1 else steps[0]


async def answer(step, path, headers, body, writer):
    text = text_of(body)
    if step == "late":
        await asyncio.sleep(0.2)
    elif step == "random":
        await asyncio.sleep(random.random() / 20)
    data = simple(step, path, headers, text)
    if data is None:
        return await odd(step, writer, text)
    writer.write(data)
    return True


async def read_request(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if line)
    headers = {k.lower(): v for k, v in headers.items()}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return first.split(" ")[1], headers, json.loads(body)


async def serve(reader, writer):
    state["conn"] += 1
    conn = state["conn"]
    try:
        while True:
            path, headers, body = await read_request(reader)
            state["flight"] += 1
            entry = {"path": path, "headers": headers, "body": body,
                     "conn": conn, "flight": state["flight"]}
            with open(log_file, "a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")
            try:
                go_on = await answer(next_step(), path, headers, body, writer)
            finally:
                state["flight"] -= 1
            await writer.drain()
            if not go_on:
                break
    except (asyncio.IncompleteReadError, OSError):
        pass  # a client that went away is part of the tests
    finally:
        writer.close()


async def main():
    port = int(os.environ.get("ASK_PORT", "0"))
    tls = None
    if os.environ.get("ASK_TLS"):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain("tls.crt", "tls.key")
    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=tls,
                                        limit=1 << 22, backlog=1024)
    with open(port_file + ".new", "w", encoding="ascii") as f:
        f.write(str(server.sockets[0].getsockname()[1]))
    os.rename(port_file + ".new", port_file)
    async with server:
        await server.serve_forever()


asyncio.run(main())
