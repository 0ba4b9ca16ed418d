"""Frames: the original's golden bytes, the checksum, domains, and hostile input."""

from __future__ import annotations

import zlib

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapulse.data.execution import OrderRequest
from alphapulse.data.halts import HaltChange
from alphapulse.data.market import BlockCompleted, PoolSwap
from alphapulse.data.registry import MESSAGES
from alphapulse.data.runs import ChainLink
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.wire import Domain, Record, Source
from alphapulse.errors import (
    ChecksumMismatch,
    InvalidValue,
    ProtocolError,
    TooLarge,
    TrailingBytes,
    Truncated,
    UnknownType,
    WrongDomain,
    WrongMagic,
)
from alphapulse.rules.wire.frame import decode_frame, encode_frame, frame_size, seal
from alphapulse.rules.wire.header import HEADER_SIZE, Header
from alphapulse.rules.wire.tlv import encode_tlv, tlv_spans
from tests.rules.wire.wire_strategies import MESSAGE_CLASSES, values
from tests.rules.wire.wire_vectors import sample

NOW_NS = 1_700_000_000_000_000_000

SWAP = sample(Record(PoolSwap), "between")
ORDER = sample(Record(OrderRequest), "between")
LINK = sample(Record(ChainLink), "between")
FRAME = encode_frame([SWAP], source=Source.EVM, sequence=1, timestamp_ns=NOW_NS)

TRADE = bytes.fromhex("6146def2a1bc912700c8e6bc1704000000e1f5050000000015cd853dfe9c9717ca00320001000000")
QUOTE = bytes.fromhex(
    "004453552f43544200e7f0b61704000080d1f0080000000000a9dcc21704000000c2eb0b0000000000002a36fe9c97176500330000000000"
)
DUMMY = b"\x11" * 8 + b"\x22" * 8 + b"\x33" * 4 + b"\x44" * 4


def seal_one(domain: Domain, source: Source, sequence: int, payload: bytes) -> bytes:
    return seal(payload, domain=domain, source=source, sequence=sequence, timestamp_ns=NOW_NS)


@pytest.mark.parametrize(
    ("domain", "source", "sequence", "tlv", "header"),
    [
        (Domain.SYSTEM, 80, 7, None, "efbeadde04015000070000000000000000002a36fe9c9717000000001bd11e23"),
        (Domain.MARKET_DATA, 4, 1, (1, TRADE), "efbeadde01010400010000000000000000002a36fe9c97172a000000dce0b5f7"),
        (Domain.MARKET_DATA, 2, 1, (2, QUOTE), "efbeadde01010200010000000000000000002a36fe9c97173a000000465a46d7"),
        (Domain.MARKET_DATA, 1, 0, (3, DUMMY), "efbeadde01010100000000000000000000002a36fe9c97171a000000e7455b1b"),
    ],
    ids=["empty", "trade", "quote", "bench"],
)
def test_header_and_framing_are_the_originals_to_the_byte(
    domain: Domain, source: int, sequence: int, tlv: tuple[int, bytes] | None, header: str
) -> None:
    """The original's golden vectors bind header and framing; the values are its own and stay bytes here."""
    payload = bytes((tlv[0], len(tlv[1]))) + tlv[1] if tlv else b""
    golden = bytes.fromhex(header) + payload
    assert seal_one(domain, Source(source), sequence, encode_tlv(*tlv) if tlv else b"") == golden
    checksum = zlib.crc32(payload, zlib.crc32(golden[:28]))
    assert Header.unpack(golden) == Header(domain, Source(source), sequence, NOW_NS, len(payload), checksum)
    spans = [(type_, golden[start:end]) for type_, start, end in tlv_spans(golden, HEADER_SIZE, len(golden))]
    assert spans == ([tlv] if tlv else [])


def test_the_extended_form_is_the_originals_to_the_byte() -> None:
    frame = seal_one(Domain.MARKET_DATA, Source.POLYGON, 2, encode_tlv(3, bytes(300)))
    assert len(frame) == 337
    assert frame[24:28].hex() == "31010000"
    assert frame[28:32].hex() == "51cc4219"
    assert frame[32:].hex() == "ff00032c01" + "00" * 300


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
@settings(max_examples=8, deadline=None)
@given(st.data(), st.sampled_from(Source), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_every_message_travels_in_a_frame(
    cls: type, data: st.DataObject, source: Source, sequence: int, timestamp_ns: int
) -> None:
    messages = data.draw(st.lists(values(Record(cls)), min_size=1, max_size=3))
    encoded = encode_frame(messages, source=source, sequence=sequence, timestamp_ns=timestamp_ns)
    frame = decode_frame(encoded)
    assert list(map(attrs.astuple, frame.messages)) == list(map(attrs.astuple, messages))
    assert frame.header[1:4] == (source, sequence, timestamp_ns)
    assert frame_size(encoded) == len(encoded)


def test_a_journal_frame_holds_a_message_and_its_link() -> None:
    """The header's domain is the first message's; system messages ride along."""
    encoded = encode_frame([ORDER, LINK], source=Source.EXECUTION_ENGINE, sequence=9, timestamp_ns=NOW_NS)
    frame = decode_frame(encoded, domain=Domain.EXECUTION)
    assert frame.messages == (ORDER, LINK)
    assert frame.header.domain is Domain.EXECUTION


def test_messages_of_two_domains_do_not_share_a_frame() -> None:
    with pytest.raises(WrongDomain, match="PoolSwap: expected a message of EXECUTION or SYSTEM, was MARKET_DATA"):
        encode_frame([ORDER, SWAP], source=Source.EVM, sequence=1, timestamp_ns=NOW_NS)
    with pytest.raises(WrongDomain, match="in front of"):
        encode_frame([LINK, ORDER], source=Source.EVM, sequence=1, timestamp_ns=NOW_NS)


def test_a_link_lets_in_its_own_domain_and_the_systems() -> None:
    assert decode_frame(FRAME, domain=Domain.MARKET_DATA).messages == (SWAP,)
    system = encode_frame([LINK], source=Source.SUPERVISOR, sequence=1, timestamp_ns=NOW_NS)
    assert decode_frame(system, domain=Domain.MARKET_DATA).messages == (LINK,)
    with pytest.raises(WrongDomain) as refused:
        decode_frame(FRAME, domain=Domain.SIGNAL)
    assert (refused.value.expected, refused.value.found) == ("SIGNAL", "MARKET_DATA")


def test_a_tlv_of_another_domain_is_refused_even_if_nobody_declared_it() -> None:
    for type_ in (11, 19, 32, 219):
        frame = seal_one(Domain.EXECUTION, Source.RISK, 1, encode_tlv(type_, b"x"))
        with pytest.raises(WrongDomain):
            decode_frame(frame)


def test_a_type_that_nobody_declared_is_handed_over_as_bytes() -> None:
    new, *_, newer = (number for number in range(80, 120) if number not in MESSAGES)
    payload = encode_tlv(new, b"new") + encode_tlv(254, b"vendor") + encode_tlv(newer, b"")
    frame = decode_frame(seal_one(Domain.MARKET_DATA, Source.EVM, 1, payload))
    assert frame.unknown == ((new, b"new"), (254, b"vendor"), (newer, b""))


def test_a_known_message_is_read_from_the_extended_form_too() -> None:
    block = sample(Record(BlockCompleted), "between")
    encoded = encode_frame([block], source=Source.EVM, sequence=1, timestamp_ns=NOW_NS)
    extended = b"\xff\x00" + encoded[32:33] + encoded[33:34] + b"\x00" + encoded[34:]
    assert decode_frame(seal_one(Domain.MARKET_DATA, Source.EVM, 1, extended)).messages == (block,)


def test_offsets_count_from_the_start_of_the_frame() -> None:
    change = sample(Record(HaltChange), "least")
    encoded = encode_frame([LINK, LINK], source=Source.RISK, sequence=1, timestamp_ns=NOW_NS)
    value = bytearray(encode_frame([change], source=Source.RISK, sequence=1, timestamp_ns=NOW_NS)[32:])
    value[2 + 14] = 77
    with pytest.raises(InvalidValue) as refused:
        decode_frame(seal_one(Domain.EXECUTION, Source.RISK, 1, encoded[32:] + value))
    assert refused.value.offset == len(encoded) + 2 + 14
    assert refused.value.subject == "HaltChange.level"


def test_every_flipped_bit_is_refused() -> None:
    for bit in range(len(FRAME) * 8):
        damaged = bytearray(FRAME)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ProtocolError):
            decode_frame(bytes(damaged))


def test_a_frame_cut_at_any_length_says_how_much_is_missing() -> None:
    for size in range(len(FRAME)):
        with pytest.raises(Truncated) as refused:
            decode_frame(FRAME[:size])
        whole = 32 if size < 32 else len(FRAME)
        assert refused.value.missing == whole - size


def test_bytes_behind_a_frame_are_refused() -> None:
    with pytest.raises(TrailingBytes):
        decode_frame(FRAME + b"\0")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_give_only_protocol_errors(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_frame(data)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(Domain), st.lists(st.tuples(st.integers(1, 254), st.binary(max_size=300)), max_size=3))
def test_random_values_in_a_sound_frame_give_only_protocol_errors(
    domain: Domain, contents: list[tuple[int, bytes]]
) -> None:
    payload = b"".join(encode_tlv(type_, value) for type_, value in contents)
    try:
        frame = decode_frame(seal_one(domain, Source.EVM, 1, payload))
    except ProtocolError as error:
        offset = error.offset
    else:
        assert len(frame.messages) + len(frame.unknown) == len(contents)
        return
    assert offset is not None


@pytest.mark.parametrize(
    ("stored", "cause"),
    [
        (0, "did not compute"),
        (zlib.crc32(FRAME[32:]), "only the payload"),
        (zlib.crc32(FRAME[:28] + bytes(4) + FRAME[32:]), "as zeros"),
        (0xBADC0DE, "damaged"),
    ],
)
def test_a_checksum_mismatch_names_its_likely_cause(stored: int, cause: str) -> None:
    """Zero has no special meaning: it is refused like any other wrong checksum."""
    with pytest.raises(ChecksumMismatch) as refused:
        decode_frame(FRAME[:28] + stored.to_bytes(4, "little") + FRAME[32:])
    error = refused.value
    assert error.expected == stored
    assert error.calculated == int.from_bytes(FRAME[28:32], "little")
    assert (error.size, error.tlv_count, error.offset) == (len(FRAME), 1, 28)
    assert cause in error.hint


def test_a_stream_is_cut_into_frames() -> None:
    frames = [
        encode_frame([SWAP] * count, source=Source.EVM, sequence=count, timestamp_ns=NOW_NS) for count in (1, 3, 2)
    ]
    stream = b"".join(frames)
    cut = []
    while stream:
        size = frame_size(stream[:32])
        cut.append(stream[:size])
        stream = stream[size:]
    assert cut == frames
    with pytest.raises(WrongMagic, match="out of step"):
        frame_size(b"\0" + frames[0])


def test_an_empty_frame_and_a_foreign_object_are_refused() -> None:
    with pytest.raises(InvalidValue, match="at least one message"):
        encode_frame([], source=Source.EVM, sequence=1, timestamp_ns=NOW_NS)
    for foreign in (7, SWAP.stamp, PoolSwap):
        with pytest.raises(UnknownType):
            encode_frame([foreign], source=Source.EVM, sequence=1, timestamp_ns=NOW_NS)


def test_a_frame_over_one_mebibyte_is_refused() -> None:
    signal = sample(Record(ArbitrageSignal), "most")
    with pytest.raises(TooLarge):
        encode_frame([signal] * 2000, source=Source.EVM, sequence=1, timestamp_ns=NOW_NS)
