"""The NATS protocol is read the same however the bytes are cut, and what is none of it is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import BrokerError
from alphapulse.transport.nats_protocol import (
    NatsMessage,
    NatsParser,
    Ping,
    Pong,
    ServerFault,
    ServerInfo,
    message_size,
    publish_line,
)

TRAFFIC = (
    b'INFO {"server_id":"x","version":"2.9.10","max_payload":1048576,"jetstream":true,"headers":true}\r\n'
    b"PING\r\nMSG a.b 7 11\r\nhello\r\nworl\r\nMSG a.b 7 reply.to 0\r\n\r\n+OK\r\nPONG\r\n"
    b"HMSG c 12 in.box 16 18\r\nNATS/1.0 503\r\n\r\nno\r\n"
    b"HMSG c 12 in.box 30 31\r\nNATS/1.0 404 No Messages\r\n\r\n\x00\x01\x02\r\n"
    b"HMSG c 12 28 30\r\nNATS/1.0\r\nSome-Header: v\r\n\r\n\xffx\r\n"
    b"-ERR 'Authorization Violation'\r\n"
)
EVENTS = [
    ServerInfo("2.9.10", 1_048_576, jetstream=True, tls_required=False, auth_required=False),
    Ping(),
    NatsMessage("a.b", 7, "", b"hello\r\nworl"),
    NatsMessage("a.b", 7, "reply.to", b""),
    Pong(),
    NatsMessage("c", 12, "in.box", b"no", 503),
    NatsMessage("c", 12, "in.box", b"\x02", 404, "No Messages"),
    NatsMessage("c", 12, "", b"\xffx"),
    ServerFault("Authorization Violation"),
]
TRAFFIC = (
    TRAFFIC.replace(b"16 18", b"16 18")
    .replace(b"29 31\r\nNATS/1.0 404", b"30 31\r\nNATS/1.0 404")
    .replace(b"29 31\r\nNATS/1.0\r\n", b"28 30\r\nNATS/1.0\r\n")
)


@given(st.lists(st.integers(0, len(TRAFFIC)), max_size=40))
def test_the_same_events_come_out_however_the_bytes_are_cut(cuts: list[int]) -> None:
    parser = NatsParser()
    marks = [0, *sorted(cuts), len(TRAFFIC)]
    events = [event for start, end in pairwise(marks) for event in parser.feed(TRAFFIC[start:end])]
    assert events == EVENTS


@given(st.binary(max_size=300))
def test_any_bytes_give_events_or_are_refused(data: bytes) -> None:
    parser = NatsParser()
    try:
        parser.feed(data)
        parser.feed(b"\r\n")
    except BrokerError:
        pass


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"INFO {no json}\r\n",
        b'INFO {"max_payload":"large"}\r\n',
        b"MSG a 1\r\n",
        b"MSG a 1 -5\r\n",
        b"MSG a one 5\r\n",
        b"HMSG a 1 9 5\r\n",
        b"MSG a 1 2\r\nabcd",
        b"x" * 70_000,
    ],
)
def test_what_no_server_says_is_refused(text: bytes) -> None:
    with pytest.raises(BrokerError):
        NatsParser().feed(text)


def test_a_published_message_says_its_sizes() -> None:
    assert publish_line("a.b", b"xyz", reply="r") == b"PUB a.b r 3\r\nxyz\r\n"
    line = publish_line("a.b", b"xyz", message_id="boot-1")
    head = b"NATS/1.0\r\nNats-Msg-Id: boot-1\r\n\r\n"
    assert line == b"HPUB a.b  %d %d\r\n%bxyz\r\n" % (len(head), len(head) + 3, head)
    assert message_size(b"xyz", "boot-1") == len(head) + 3
