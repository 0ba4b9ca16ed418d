"""Protocol V2, pure and compiled: the original's own benchmark, honest ones beside it, and others doing the same work.

The original's: 58 bytes, the same dummy payload each time, no field read. The honest ones: real values, different ones
each time, every field set and read. Checksums are made and checked everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from types import ModuleType
from typing import Any

import attrs

from alphapulse.data.order_books import OrderBook, OrderLevel
from alphapulse.data.trades import Trade
from alphapulse.data.wire import Domain, Source
from alphapulse.rules.wire import batch, pure
from alphapulse.rules.wire.codec import CORE
from benchmarks.day import Day
from benchmarks.figures import Budget, Figure, millions_a_second
from benchmarks.wire_peers import msgpack_trades, protobuf_trades
from benchmarks.wire_samples import ETH, trades

DUMMY = bytes.fromhex("0318" + "11" * 8 + "22" * 8 + "33" * 4 + "44" * 4)
NOW_NS = 1_700_000_000_000_000_000
MARKET_DATA, BINANCE, KRAKEN = Domain.MARKET_DATA, Source.BINANCE, Source.KRAKEN
"""Looked up once, as a publisher does: to find a member takes CPython 3.11 half as long as to make a frame."""

COUNT = 1_000
LEVELS = 50


def measure(day: Day) -> list[Figure]:
    """Each line for the pure and the compiled codec; budgets are those of a Trade."""
    figures: list[Figure] = []
    for name, codec in (("pure", pure), *((("compiled", CORE),) if CORE else ())):
        compiled = codec is not pure
        figures += [
            *_originals(name, codec, at_least(6.0 if compiled else 1.5), at_least(6.5 if compiled else 2.0)),
            *_singles(f"{name}: Trade", codec, trades(COUNT), at_least(6.0 if compiled else 1.5),
                      at_least(3.0 if compiled else 0.9)),
            *_singles(f"{name}: PoolSwap", codec, day.swaps()[:COUNT]),
            *_singles(f"{name}: order book, {LEVELS} levels a side", codec, order_books(20)),
            *_batches(name, codec, at_least(7.0 if compiled else 2.5)),
        ]  # fmt: skip
    return [*figures, *msgpack_trades(trades(COUNT)), *protobuf_trades(trades(COUNT))]


def at_least(limit: float) -> Budget:
    """A budget in millions a second."""
    return Budget(limit, at_least=True)


def _originals(name: str, codec: ModuleType, construct: Budget, validate: Budget) -> list[Figure]:
    """A payload of one TLV in and out again; validation checks header, checksum and the list of TLVs."""
    seal, spans = codec.seal, codec.frame_spans
    frame = seal(DUMMY, domain=MARKET_DATA, source=BINANCE, sequence=0, timestamp_ns=NOW_NS)

    def build() -> int:
        for number in range(COUNT):
            seal(DUMMY, domain=MARKET_DATA, source=BINANCE, sequence=number, timestamp_ns=NOW_NS)
        return COUNT

    def check() -> int:
        for _ in range(COUNT):
            spans(frame)
        return COUNT

    return [
        millions_a_second(f"{name}: the original's {len(frame)} bytes, construct", build, construct),
        millions_a_second(f"{name}: the original's {len(frame)} bytes, validate", check, validate),
    ]


def _singles(
    name: str, codec: ModuleType, messages: Sequence[Any], construct: Budget | None = None, parse: Budget | None = None
) -> list[Figure]:
    """One message at a time: to its frame, and back into the class with every field read."""
    encode, decode = codec.encode_message, codec.decode_message
    frames = [encode(message, source=KRAKEN, sequence=7, timestamp_ns=NOW_NS) for message in messages]
    read = reader(type(messages[0]))

    def build() -> int:
        for number, message in enumerate(messages):
            encode(message, source=KRAKEN, sequence=number, timestamp_ns=NOW_NS)
        return len(messages)

    def parse_only() -> int:
        for frame in frames:
            decode(frame)
        return len(frames)

    def parse_and_read() -> int:
        for frame in frames:
            read(decode(frame))
        return len(frames)

    size = len(frames[0])
    return [
        millions_a_second(f"{name}, {size} bytes: construct", build, construct),
        millions_a_second(f"{name}, {size} bytes: parse", parse_only, parse),
        millions_a_second(f"{name}, {size} bytes: parse, read all fields", parse_and_read),
    ]


def reader(cls: type) -> Callable[[Any], object]:
    """A function that reads every field of a message."""
    return attrgetter(*(field.name for field in attrs.fields(cls)))


def _batches(name: str, codec: ModuleType, budget: Budget) -> list[Figure]:
    """Rows of a NumPy array, and lists of messages, as frames one behind the other."""
    messages = trades(COUNT)
    rows = batch.rows_of(Trade, messages)
    frames = codec.encode_messages(messages, source=KRAKEN, first_sequence=0, timestamp_ns=NOW_NS)
    encode, decode = codec.encode_messages, codec.decode_messages

    def rows_out() -> int:
        with_core(codec, batch.encode_rows, Trade, rows, source=KRAKEN, first_sequence=0, timestamp_ns=NOW_NS)
        return COUNT

    def rows_in() -> int:
        with_core(codec, batch.decode_rows, Trade, frames)
        return COUNT

    def list_out() -> int:
        encode(messages, source=KRAKEN, first_sequence=0, timestamp_ns=NOW_NS)
        return COUNT

    def list_in() -> int:
        decode(frames)
        return COUNT

    return [
        millions_a_second(f"{name}: batch of {COUNT} Trades, rows to frames", rows_out, budget),
        millions_a_second(f"{name}: batch of {COUNT} Trades, frames to rows", rows_in, budget),
        millions_a_second(f"{name}: batch of {COUNT} Trades, objects to frames", list_out),
        millions_a_second(f"{name}: batch of {COUNT} Trades, frames to objects", list_in),
    ]


def with_core(codec: ModuleType, call: Callable[..., Any], *arguments: Any, **keywords: Any) -> None:
    """Batches pick their checksums by what is there; here the pure ones are measured, too."""
    before, batch.CORE = batch.CORE, None if codec is pure else codec
    try:
        call(*arguments, **keywords)
    finally:
        batch.CORE = before


def order_books(count: int) -> list[OrderBook]:
    """Full books, each with other prices."""

    def side(first: int, step: int) -> tuple[OrderLevel, ...]:
        return tuple(OrderLevel(first + step * i, 10**8 + i * 977, i) for i in range(LEVELS))

    return [
        OrderBook(ETH, NOW_NS + i, i, side(i * 10**7, -(10**6)), side(i * 10**7 + 10**6, 10**6)) for i in range(count)
    ]
