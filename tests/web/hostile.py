"""What odd and hostile clients send: each attack is a few chunks, sent one after the other with a look at the answer.

The first group ended stock Hypercorn 0.18.0 together with everything in its nursery.
"""

from __future__ import annotations

import struct

import attrs

from tests.web.web_client import TOKEN

KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
VERSION = b"Sec-WebSocket-Version: 13\r\n"
HOST = b"Host: 127.0.0.1\r\n"
AUTH = b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
JSON = b"Content-Type: application/json\r\n"
GET = b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@attrs.frozen
class Attack:
    """Chunks of bytes under a name."""

    name: str
    chunks: tuple[bytes, ...] = attrs.field(repr=False)


def request(line: bytes, *headers: bytes, host: bytes = HOST, body: bytes = b"") -> bytes:
    """A request with these header lines."""
    return line + b"\r\n" + host + b"".join(headers) + b"\r\n" + body


def api(path: bytes, *headers: bytes) -> bytes:
    """A read of the API."""
    return request(b"GET /api/v1/" + path + b" HTTP/1.1", *headers)


def login(*headers: bytes, body: bytes = b"") -> bytes:
    """A log-in, with or without what it says that follows."""
    return request(b"POST /api/v1/session HTTP/1.1", *headers, body=body)


def extended(extension: bytes) -> bytes:
    """An upgrade that asks for an extension."""
    return upgrade(b"Sec-WebSocket-Extensions: " + extension + b"\r\n")


def upgrade(
    *headers: bytes,
    line: bytes = b"GET /ws HTTP/1.1",
    key: bytes = KEY,
    connection: bytes = b"Upgrade",
    auth: bytes = AUTH,
) -> bytes:
    """A WebSocket upgrade with these header lines more."""
    return request(
        line, b"Connection: " + connection + b"\r\n", b"Upgrade: websocket\r\n", key, VERSION, auth, *headers
    )


def frame(
    opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, masked: bool = True, size: int | None = None
) -> bytes:
    """A WebSocket frame; `size` is the length that it claims."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    length = len(payload) if size is None else size
    flag = 0x80 if masked else 0
    if length < 126:
        head = struct.pack("!BB", first, flag | length)
    elif length < 2**16:
        head = struct.pack("!BBH", first, flag | 126, length)
    else:
        head = struct.pack("!BBQ", first, flag | 127, length)
    return head + (b"\x00\x00\x00\x00" if masked else b"") + payload


def close(code: int, reason: bytes = b"") -> bytes:
    """A close frame."""
    return frame(8, struct.pack("!H", code) + reason)


TEXT, BINARY, CONTINUATION, PING = 1, 2, 0, 9

KILLERS = (
    Attack("a byte after the upgrade", (upgrade() + b"x",)),
    Attack("a frame glued to the upgrade", (upgrade() + frame(TEXT, b"hi"),)),
    Attack("an upgrade with a body", (upgrade(b"Content-Length: 4\r\n") + b"body",)),
    Attack("a second request before the first was accepted", (upgrade() + GET,)),
    Attack("two upgrades in a row", (upgrade() + upgrade(),)),
    Attack("non-ASCII in Connection", (upgrade(connection=b"Upgrade\xe9"),)),
    Attack("non-ASCII in Sec-WebSocket-Protocol", (upgrade(b"Sec-WebSocket-Protocol: \xe9\r\n"),)),
    Attack("non-ASCII in Sec-WebSocket-Extensions", (extended(b"\xe9"),)),
)

HANDSHAKES = (
    Attack("an upgrade without a key", (upgrade(key=b""),)),
    Attack("an upgrade over HTTP/1.0", (upgrade(line=b"GET /ws HTTP/1.0"),)),
    Attack("an upgrade with POST", (upgrade(line=b"POST /ws HTTP/1.1"),)),
    Attack("an upgrade of a page", (upgrade(line=b"GET / HTTP/1.1"),)),
    Attack("an upgrade by nobody", (upgrade(auth=b""),)),
    Attack("an upgrade with a short key", (upgrade(key=b"Sec-WebSocket-Key: x\r\n"),)),
    Attack(
        "an upgrade without the Upgrade header",
        (request(b"GET /ws HTTP/1.1", b"Connection: Upgrade\r\n", KEY, VERSION),),
    ),
    Attack("non-ASCII in Upgrade", (upgrade(b"Upgrade: websocket\xe9\r\n"),)),
    Attack("non-ASCII in Sec-WebSocket-Key", (upgrade(key=b"Sec-WebSocket-Key: \xe9\xe9\r\n"),)),
    Attack("non-ASCII in Sec-WebSocket-Version", (upgrade(b"Sec-WebSocket-Version: \xe9\r\n"),)),
    Attack("an extension with bad parameters", (extended(b"permessage-deflate; x=;;="),)),
    Attack("deflate with absurd windows", (extended(b"permessage-deflate; server_max_window_bits=99"),)),
    Attack(
        "a h2c upgrade",
        (
            request(
                b"GET / HTTP/1.1",
                b"Connection: Upgrade, HTTP2-Settings\r\n",
                b"Upgrade: h2c\r\n",
                b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
            ),
        ),
    ),
    Attack(
        "a h2c upgrade with bad settings",
        (request(b"GET / HTTP/1.1", b"Connection: Upgrade\r\n", b"Upgrade: h2c\r\n", b"HTTP2-Settings: !!!\r\n"),),
    ),
    Attack("a h2 preface", (PREFACE + SETTINGS,)),
    Attack("a h2 preface with garbage", (PREFACE + b"\xff" * 64,)),
)

REQUESTS = (
    Attack("nothing", ()),
    Attack("an empty line", (b"\r\n",)),
    Attack("binary", (bytes(range(256)),)),
    Attack("a TLS hello", (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,)),
    Attack("HTTP/0.9", (b"GET /\r\n",)),
    Attack("HTTP/3.0", (request(b"GET / HTTP/3.0"),)),
    Attack("no Host", (request(b"GET /livez HTTP/1.1", host=b""),)),
    Attack("two Hosts", (request(b"GET /livez HTTP/1.1", b"Host: evil.example\r\n"),)),
    Attack("an empty Host", (request(b"GET /livez HTTP/1.1", host=b"Host:\r\n"),)),
    Attack("non-ASCII in Host", (request(b"GET /livez HTTP/1.1", host=b"Host: \xe9\r\n"),)),
    Attack("a malformed Host", (request(b"GET /livez HTTP/1.1", host=b"Host: [::1\r\n"),)),
    Attack("a malformed Origin", (request(b"GET /livez HTTP/1.1", b"Origin: http://[::1\r\n"),)),
    Attack("non-ASCII in the path", (request(b"GET /\xe9 HTTP/1.1"),)),
    Attack("a path of broken escapes", (request(b"GET /%ff%fe%zz%00 HTTP/1.1"),)),
    Attack("a path that is no path", (request(b"GET * HTTP/1.1"), request(b"GET x HTTP/1.1"))),
    Attack("a whole address as path", (request(b"GET http://evil.example/livez HTTP/1.1"),)),
    Attack("non-ASCII in the query", (request(b"GET /livez?\xe9 HTTP/1.1"),)),
    Attack("broken escapes in the query", (api(b"fills?cursor=%ff%fe", AUTH),)),
    Attack("non-ASCII in Cookie", (api(b"status", b"Cookie: alphapulse=\xe9\r\n"),)),
    Attack("a Cookie of odd quotes", (api(b"status", b'Cookie: "a\\"=;;;=;alphapulse="\\777"\r\n'),)),
    Attack("an Authorization of blanks", (api(b"status", b"Authorization:   \r\n"),)),
    Attack("an oversize header", (request(b"GET / HTTP/1.1", b"X: " + b"x" * 100_000 + b"\r\n"),)),
    Attack("an oversize request line", (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",)),
    Attack("a header without end", (b"GET / HTTP/1.1\r\nX: " + b"x" * 10_000,)),
    Attack("a folded header", (request(b"GET / HTTP/1.1", b"X: a\r\n b\r\n"),)),
    Attack("a header without a name", (request(b"GET / HTTP/1.1", b": x\r\n"),)),
    Attack("a NUL in a header", (request(b"GET / HTTP/1.1", b"X: \x00\r\n"),)),
    Attack("a bad chunk", (login(CHUNKED, body=b"zz\r\n"),)),
    Attack("a chunk of 2^64", (login(CHUNKED, body=b"f" * 16 + b"\r\n"),)),
    Attack("chunked and a length", (login(CHUNKED, b"Content-Length: 5\r\n", body=b"0\r\n\r\n"),)),
    Attack("two lengths", (login(b"Content-Length: 1\r\nContent-Length: 2\r\n", body=b"xx"),)),
    Attack("a length below zero", (login(b"Content-Length: -1\r\n"),)),
    Attack("a length that promises more", (login(JSON, b"Content-Length: 50\r\n", body=b"{"),)),
    Attack("a length that promises less", (request(b"GET /livez HTTP/1.1", b"Content-Length: 1\r\n", body=b"xyz"),)),
    Attack("a huge length", (login(b"Content-Length: 99999999999999999999\r\n"),)),
    Attack("an expectation", (login(b"Expect: 100-continue\r\n", b"Content-Length: 2\r\n"), b"{}")),
    Attack("an expectation of something else", (login(b"Expect: miracles\r\n", b"Content-Length: 2\r\n"),)),
    Attack("requests in a row and junk", (GET * 5 + b"junk\r\n\r\n",)),
    Attack("an unknown method", (request(b"BREW /livez HTTP/1.1"),)),
    Attack("CONNECT", (request(b"CONNECT evil.example:443 HTTP/1.1"),)),
    Attack("a page by HEAD", (request(b"HEAD / HTTP/1.1"),)),
    Attack("JSON of a thousand brackets", (login(JSON, b"Content-Length: 20000\r\n", body=b"[" * 20_000),)),
)

FRAMES = (
    Attack("bad UTF-8", (upgrade(), frame(TEXT, b"\xff\xfe"))),
    Attack("reserved bits", (upgrade(), frame(TEXT, b"x", rsv=7))),
    Attack("no mask", (upgrade(), frame(TEXT, b"x", masked=False))),
    Attack("a bad opcode", (upgrade(), frame(3, b"x"))),
    Attack("a close of 1 byte", (upgrade(), frame(8, b"\x03"))),
    Attack("an empty close", (upgrade(), frame(8, b""))),
    Attack("close 99", (upgrade(), close(99))),
    Attack("close 1006", (upgrade(), close(1006))),
    Attack("close with a bad reason", (upgrade(), close(1000, b"\xff\xfe"))),
    Attack("a long ping", (upgrade(), frame(PING, b"x" * 126))),
    Attack("pings", (upgrade(), frame(PING, b"x") * 1_000)),
    Attack("a length of 2^40", (upgrade(), frame(BINARY, b"x", size=2**40))),
    Attack("a length of 2^63", (upgrade(), frame(BINARY, b"x", size=2**63))),
    Attack("a control frame in pieces", (upgrade(), frame(PING, b"x", fin=False))),
    Attack("a stray continuation", (upgrade(), frame(CONTINUATION, b"x"))),
    Attack("text within text", (upgrade(), frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"))),
    Attack("data after close", (upgrade(), close(1000) + frame(TEXT, b"x"))),
    Attack("a ping after close", (upgrade(), close(1000) + frame(PING, b"x"))),
    Attack("a message, then the end", (upgrade(), frame(TEXT, b"x"))),
    Attack("messages in a flood", (upgrade(), frame(TEXT, b"x") * 5_000)),
    Attack("a message that is too large", (upgrade(), frame(TEXT, b"x" * 100_000))),
    Attack("garbage deflate", (extended(b"permessage-deflate"), frame(TEXT, b"\xff" * 50, rsv=4))),
    Attack("HTTP after the upgrade", (upgrade(), GET)),
    Attack("frames of a stranger", (upgrade(auth=b""), frame(TEXT, b"x") * 100)),
)

TICKET = b"<a ticket goes here, exactly as long as it>"
"""Stands for a fresh ticket in a chunk; whoever attacks puts one there that is as long."""
INTRODUCTION = frame(TEXT, b'{"type": "ticket", "ticket": "' + TICKET + b'"}')
INTRODUCED = tuple(
    Attack(f"{attack.name}, by a page that is logged in", (attack.chunks[0], INTRODUCTION, *attack.chunks[1:]))
    for attack in FRAMES
)
"""The same behind the ticket, where a message is more than the first one."""

INTRODUCTIONS = (
    Attack("an introduction in pieces", (upgrade(), frame(TEXT, b'{"type": ', fin=False), frame(CONTINUATION, b"1}"))),
    Attack("an introduction that never ends", (upgrade(), frame(TEXT, b'{"type"', fin=False))),
    Attack("two introductions", (upgrade(), INTRODUCTION + INTRODUCTION)),
    Attack("a ticket of a thousand brackets", (upgrade(), frame(TEXT, b"[" * 20_000))),
    Attack("a binary introduction", (upgrade(), frame(BINARY, b'{"type": "ticket", "ticket": "x"}'))),
    Attack("an introduction and the end", (upgrade(), INTRODUCTION + close(1000))),
)

CORPUS = KILLERS + HANDSHAKES + REQUESTS + FRAMES + INTRODUCED + INTRODUCTIONS
