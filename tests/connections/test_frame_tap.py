"""The tap and the library together give the messages that the library alone gives, however the bytes are cut."""

from __future__ import annotations

import itertools
import struct

from hypothesis import example, given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import BytesMessage, CloseConnection, Ping, Request, TextMessage
from wsproto.utilities import LocalProtocolError

from alphapulse.connections.frame_tap import FrameTap
from tests.connections.bad_servers import accepted

MOST = 100_000


def frame(opcode: int, payload: bytes, *, fin: bool = True, reserved: int = 0, masked: bool = False) -> bytes:
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    mask = 0x80 if masked else 0
    size = len(payload)
    if size < 126:
        head = bytes((first, mask | size))
    elif size < 1 << 16:
        head = bytes((first, mask | 126)) + struct.pack("!H", size)
    else:
        head = bytes((first, mask | 127)) + struct.pack("!Q", size)
    return head + (b"\0\0\0\0" if masked else b"") + payload


texts = st.text(max_size=200).map(str.encode)
plain = st.one_of(
    st.builds(frame, st.just(1), texts),
    st.builds(frame, st.just(2), st.binary(max_size=200)),
    st.builds(frame, st.just(1), st.sampled_from([125, 126, 127, 65_535, 65_536]).map(lambda size: b"x" * size)),
    st.builds(frame, st.sampled_from([9, 10]), st.binary(max_size=125)),
)
odd = st.one_of(
    st.builds(lambda one, two: frame(1, one, fin=False) + frame(0, two), texts, texts),
    st.builds(
        frame,
        st.integers(0, 15),
        st.binary(max_size=130),
        fin=st.booleans(),
        reserved=st.integers(0, 7),
        masked=st.booleans(),
    ),
    st.binary(max_size=20),
    st.just(b"\x88\x02\x03\xe8"),
    st.just(b"\x81\x7e\x00\x05hello"),
    st.just(b"\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x05hello"),
    st.just(frame(1, b"\xff\xfe")),
    st.just(frame(1, "é".encode()[:1], fin=False) + frame(0, "é".encode()[1:])),
)


class Client:
    """A handshake that has been asked for."""

    def __init__(self) -> None:
        self.library = WSConnection(ConnectionType.CLIENT)
        self.reply = accepted(self.library.send(Request(host="h", target="/")))
        self.seen: list[object] = []
        self.pings: list[bytes] = []
        self.closed: int | None = None
        self._parts: list[bytes] = []

    def see(self, data: bytes) -> None:
        if self.closed is not None or not data:  # nothing would be the end of the stream
            return
        try:
            self.library.receive_data(data)
            for event in self.library.events():
                self._note(event)
        except LocalProtocolError:
            pass

    def _note(self, event: object) -> None:
        if isinstance(event, TextMessage | BytesMessage):
            self._parts.append(event.data.encode() if isinstance(event.data, str) else bytes(event.data))
            if event.message_finished:
                self.seen.append(b"".join(self._parts))
                self._parts.clear()
        elif isinstance(event, Ping):
            self.pings.append(bytes(event.payload))
        elif isinstance(event, CloseConnection):
            self.closed = int(event.code)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges) if begin < end]


@given(
    st.lists(plain, max_size=8),
    st.lists(odd, max_size=2),
    st.lists(plain, max_size=3),
    st.lists(st.integers(0, 1 << 20)),
)
@example([frame(1, b"a"), frame(9, b"p"), frame(1, b"b")], [], [], list(range(400)))
def test_tap_and_library_give_what_the_library_gives(
    before: list[bytes], strange: list[bytes], after: list[bytes], cuts: list[int]
) -> None:
    """Messages, their order, pings and the close code are the same."""
    stream = b"".join([*before, *strange, *after])
    alone = Client()
    alone.see(alone.reply + stream)

    tap, client = FrameTap(MOST), Client()
    for part in cut(client.reply + stream, cuts):
        messages, rest = tap.feed(part)
        client.seen += messages if client.closed is None else []
        client.see(rest)
    assert (client.seen, client.pings, client.closed) == (alone.seen, alone.pings, alone.closed)


def test_plain_messages_never_reach_the_library() -> None:
    tap, client = FrameTap(MOST), Client()
    assert tap.feed(client.reply + frame(1, b"one") + frame(1, b"two")) == ([b"one", b"two"], client.reply)
    assert tap.feed(frame(9, b"p") + frame(2, b"three")) == ([b"three"], frame(9, b"p"))


def test_after_something_odd_everything_is_the_librarys() -> None:
    tap, client = FrameTap(MOST), Client()
    tap.feed(client.reply)
    start = frame(1, b"a", fin=False)
    assert tap.feed(start + frame(1, b"b")) == ([], start + frame(1, b"b"))
    assert tap.feed(frame(1, b"c")) == ([], frame(1, b"c"))


def test_a_refusal_is_the_librarys() -> None:
    tap = FrameTap(MOST)
    refusal = b"HTTP/1.1 503 No\r\n\r\n" + frame(1, b"no message")
    assert tap.feed(refusal) == ([], refusal)
    assert tap.head_bytes == 0


def test_a_head_without_an_end_is_counted() -> None:
    tap = FrameTap(MOST)
    for _ in range(10):
        assert tap.feed(b"x" * 1_000) == ([], b"x" * 1_000)
    assert tap.head_bytes == 10_000


def test_a_message_that_drips_is_looked_at_when_it_is_whole() -> None:
    """A byte costs a byte, however many are there already."""
    tap, client = FrameTap(MOST), Client()
    tap.feed(client.reply)
    whole = frame(1, b"x" * 1_000)
    assert all(tap.feed(whole[at : at + 1]) == ([], b"") for at in range(len(whole) - 1))
    assert tap.feed(whole[-1:]) == ([b"x" * 1_000], b"")
