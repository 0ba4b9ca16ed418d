"""Parsers never crash, never differ, let no flipped bit in, and take no more memory than the input deserves."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from types import ModuleType
from typing import Any

import attrs
import pytest

from alphapulse.data.halts import HaltReport
from alphapulse.data.links import Heartbeat
from alphapulse.data.market import PoolSwap
from alphapulse.data.order_books import OrderBook
from alphapulse.data.registry import MESSAGES
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.wire import WIRE, Bound, Domain, Many, Record, Source
from alphapulse.errors import ProtocolError
from alphapulse.rules.wire import pure
from alphapulse.rules.wire.frame import decode_frame, decode_message, decode_messages, frame_spans, seal
from alphapulse.rules.wire.header import HEADER_SIZE, MAX_FRAME_SIZE
from alphapulse.rules.wire.inspection import frame_json_text, inspect_frame
from alphapulse.rules.wire.tlv import encode_tlv
from tests.rules.wire.hostile_input import FRAMES, attack, flip_bits
from tests.rules.wire.wire_vectors import sample

SEED = 20_241_120
FLOOR = 64 * 1024
"""Bytes that one message's values, an error's text or a short frame may take however small the input is."""
LARGEST_LIST = 512 * 1024
"""The same, where an operator has set a list's limit to the most that a TLV holds."""
SHOWN_TLV = 512 * 1024
"""The same for the JSON text of a TLV of the largest size that nobody declared."""
LISTS = [
    (cls, field.name)
    for cls in MESSAGES.values()
    for field in attrs.fields(cls)
    if isinstance(field.metadata[WIRE], Many) and isinstance(field.metadata[WIRE].limit, Bound)
]


def test_hostile_input_gives_values_or_protocol_errors(codec: ModuleType) -> None:
    """The compiled codec is compared with the pure one, input by input, errors and all."""
    tally = attack(15_000, SEED, [pure] if codec is pure else [pure, codec])
    assert tally.total() == 15_000
    assert len(tally) >= 10  # the inputs reach a value and most kinds of errors


@pytest.mark.slow
def test_half_a_million_hostile_inputs(codec: ModuleType) -> None:
    attack(500_000, SEED + 1, [codec])


def test_no_flipped_bit_is_let_in(codec: ModuleType) -> None:
    assert flip_bits(15_000, SEED, codec) == 0


@pytest.mark.slow
def test_none_of_a_million_flipped_bits_is_let_in(codec: ModuleType) -> None:
    assert flip_bits(1_000_000, SEED + 1, codec) == 0


def big_frame(payload: bytes, domain: Domain = Domain.SYSTEM) -> bytes:
    return seal(payload, domain=domain, source=Source.SUPERVISOR, sequence=1, timestamp_ns=1)


def filled(tlv: bytes, size: int = MAX_FRAME_SIZE, domain: Domain = Domain.SYSTEM) -> bytes:
    """A frame of about `size` bytes with nothing but repetitions of one TLV."""
    return big_frame(tlv * ((size - HEADER_SIZE) // len(tlv)), domain)


def tlv_of(cls: Any, which: str) -> bytes:
    return encode_tlv(cls.DESCRIPTION.type, pure.encode_value(sample(Record(cls), which)))


def hostile(size: int) -> dict[str, bytes]:
    """Inputs of about `size` bytes at which a careless parser takes many times as much."""
    chance = random.Random(size)
    tiny, beat = filled(b"\xfa\0", size), tlv_of(Heartbeat, "most")
    few = filled(beat, size * 9 // 10)[HEADER_SIZE:]
    return {
        "large TLVs": filled(encode_tlv(250, bytes(size // 16 - 6)), size),
        "tiny TLVs": tiny,
        "tiny TLVs in the long form": filled(b"\xff\0\xfa\0\0", size),
        "tiny TLVs and a wrong end": big_frame(tiny[HEADER_SIZE:-2] + b"\0\0"),
        "tiny TLVs and a flipped bit": tiny[:-1] + b"\1",
        "tiny TLVs, cut": tiny[:-1],
        "heartbeats": filled(beat, size),
        "heartbeats, and one that is wrong": big_frame(few + b"\x64\1\0"),
        "swaps": filled(tlv_of(PoolSwap, "most"), size, Domain.MARKET_DATA),
        "order books": filled(tlv_of(OrderBook, "most"), size, Domain.MARKET_DATA),
        "lists of texts and records": filled(tlv_of(HaltReport, "most"), size, Domain.EXECUTION),
        "lists in lists": filled(tlv_of(ArbitrageSignal, "most"), size, Domain.SIGNAL),
        "a count that nothing stands behind": big_frame(
            tlv_of(OrderBook, "least")[:-4] + b"\xff" * 4, Domain.MARKET_DATA
        ),
        "sealed nonsense": big_frame(b"\xff" * (size - HEADER_SIZE)),
        "zeros": bytes(size),
        "noise": chance.randbytes(size),
        "noise behind a magic": tiny[:4] + chance.randbytes(size - 4),
        "frames with a torn end": (b"".join(FRAMES[:40]) * (size // 8000))[:-1],
    }


KINDS = tuple(hostile(1 << 12))
WRAPPED = [(bytes, 1 << 11), (memoryview, 1 << 11), (bytes, 1 << 16), (memoryview, 1 << 16)]
WRAPPED_AND_LARGE = [*WRAPPED, pytest.param(memoryview, MAX_FRAME_SIZE, marks=pytest.mark.slow)]


def peak_bytes(work: Callable[[], object]) -> int:
    """The most memory that `work` and its answer take together, what it makes only once left out."""

    def attempt() -> object:
        try:
            return work()
        except ProtocolError as error:
            return str(error)

    attempt()
    tracemalloc.start()
    try:
        answer = attempt()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    del answer
    return peak


@pytest.mark.slow
@pytest.mark.parametrize(("wrap", "size"), WRAPPED_AND_LARGE)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parse", [decode_frame, decode_message, decode_messages, frame_spans])
def test_memory_stays_within_three_times_the_input(
    parse: Callable[[bytes], object], kind: str, wrap: Callable[[bytes], bytes], size: int, codec: ModuleType
) -> None:
    data = wrap(hostile(size)[kind])
    assert peak_bytes(lambda: getattr(codec, parse.__name__)(data)) <= 3 * len(data) + FLOOR


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_taking_a_frame_apart_for_people_takes_no_more(kind: str) -> None:
    """Each TLV is shown by itself: all of them together would take a thousand times the frame."""
    data = hostile(1 << 15)[kind]
    assert peak_bytes(lambda: inspect_frame(data)) <= 3 * len(data) + FLOOR
    assert peak_bytes(lambda: sum(map(len, frame_json_text(inspect_frame(data))))) <= 3 * len(data) + SHOWN_TLV


def test_all_of_a_long_frame_can_be_read_in_the_memory_of_one_message(codec: ModuleType) -> None:
    data = hostile(MAX_FRAME_SIZE)["order books"]
    frame = codec.decode_frame(data)
    assert peak_bytes(lambda: sum(len(book.bids) for book in frame.messages)) <= FLOOR


@pytest.mark.parametrize(("cls", "field"), LISTS, ids=lambda one: getattr(one, "__name__", one))
def test_the_longest_lists_that_an_operator_can_allow_take_a_bounded_amount(
    cls: Any, field: str, codec: ModuleType
) -> None:
    """One message is handed over as values, and Python keeps small numbers in many times their bytes."""
    many = attrs.fields_dict(cls)[field].metadata[WIRE]
    before, many.limit.limit = many.limit.limit, many.most
    try:
        items = (sample(many.item, "most"),) * many.most
        message = attrs.evolve(sample(Record(cls), "least"), **{field: items})
        data = big_frame(encode_tlv(cls.DESCRIPTION.type, pure.encode_value(message)), cls.DESCRIPTION.domain)
        assert peak_bytes(lambda: codec.decode_frame(data)) <= 3 * len(data) + LARGEST_LIST
    finally:
        many.limit.limit = before


def test_a_count_without_items_makes_no_list(codec: ModuleType) -> None:
    """A list is made as its items are read; a count that the bytes cannot hold costs nothing."""
    for frame in FRAMES:
        spoilt = frame[HEADER_SIZE:-2] + b"\xff\xff"
        data = big_frame(spoilt, pure.decode_frame(frame).header.domain)
        assert peak_bytes(lambda data=data: codec.decode_frame(data)) <= 3 * len(data) + FLOOR  # type: ignore[misc]
