"""Parsers never crash, never differ, let no flipped bit in, and take no more memory than the input deserves."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from types import ModuleType

import pytest

from alphapulse.data.wire import Domain, Source
from alphapulse.errors import ProtocolError
from alphapulse.rules.wire import pure
from alphapulse.rules.wire.frame import decode_frame, decode_message, decode_messages, frame_spans, seal
from alphapulse.rules.wire.header import HEADER_SIZE
from alphapulse.rules.wire.tlv import encode_tlv
from tests.rules.wire.hostile_input import FRAMES, attack, flip_bits

SEED = 20_241_120
SLACK = 64 * 1024
"""Bytes that an error with its text, or a first call, may take however small the input is."""


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


def big_frame(*tlvs: bytes) -> bytes:
    return seal(b"".join(tlvs), domain=Domain.SYSTEM, source=Source.SUPERVISOR, sequence=1, timestamp_ns=1)


LARGE = big_frame(*(encode_tlv(250, bytes(65_535)) for _ in range(15)))
SPOILT = LARGE[:-1] + b"\1"
CUT = LARGE[:-1]
SEALED_NONSENSE = seal(b"\xff" * 500_000, domain=Domain.SYSTEM, source=Source.RISK, sequence=1, timestamp_ns=1)
STREAM = b"".join(FRAMES[:40]) * 20
SPOILT_STREAM = STREAM[:-1]


@pytest.mark.parametrize("data", [LARGE, SPOILT, CUT, SEALED_NONSENSE, SPOILT_STREAM], ids=len)
@pytest.mark.parametrize("parse", [decode_frame, decode_message, decode_messages, frame_spans])
def test_memory_stays_within_three_times_the_input(
    parse: Callable[[bytes], object], data: bytes, codec: ModuleType
) -> None:
    chosen: Callable[[bytes], object] = getattr(codec, parse.__name__)

    def attempt() -> None:
        try:
            chosen(data)
        except ProtocolError:
            return

    attempt()  # what is made once is no part of the measurement
    tracemalloc.start()
    try:
        attempt()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 3 * len(data) + SLACK


def test_a_count_without_items_makes_no_list(codec: ModuleType) -> None:
    """A list is made as its items are read; a count that the bytes cannot hold costs nothing."""
    for frame in FRAMES:
        spoilt = bytearray(frame[HEADER_SIZE:])
        spoilt[-2:] = b"\xff\xff"
        data = seal(
            bytes(spoilt), domain=pure.decode_frame(frame).header.domain, source=Source.EVM, sequence=1, timestamp_ns=1
        )
        tracemalloc.start()
        try:
            codec.decode_frame(data)
        except ProtocolError:
            pass
        finally:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak <= 3 * len(data) + SLACK
