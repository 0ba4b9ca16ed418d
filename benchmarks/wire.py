"""Protocol V2: a Trade and a PoolSwap to their frames and back, checksum included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zlib import crc32

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.trades import Side, Trade
from alphapulse.data.wire import Source
from alphapulse.rules.wire.frame import decode_frame, encode_frame
from alphapulse.rules.wire.header import CHECKSUM_OFFSET, HEADER_SIZE, Header
from alphapulse.rules.wire.tlv import tlv_spans
from benchmarks.day import Day
from benchmarks.figures import Budget, Figure, millions_a_second

COUNT = 500


def trade(number: int) -> Trade:
    """A trade on an exchange; each has another volume."""
    return Trade(
        instrument=InstrumentId.from_symbol("ETH/USD", Venue.KRAKEN),
        price_q8=226_441_683_800,
        volume_q8=150_000_000 + number,
        execution_time_ns=1_704_412_800 * 10**9,
        side=Side.BUY,
    )


def measure(day: Day) -> list[Figure]:
    """Messages of many values, one to a frame."""
    trades = [trade(number) for number in range(COUNT)]
    swaps = day.swaps()[:COUNT]
    return [
        millions_a_second("Protocol V2: Trade -> frame", encoding(trades), Budget(1.5, at_least=True)),
        millions_a_second("Protocol V2: frame of a Trade validated", validating(trades), Budget(2.0, at_least=True)),
        millions_a_second("Protocol V2: frame -> Trade", decoding(trades), Budget(0.9, at_least=True)),
        millions_a_second("Protocol V2: PoolSwap -> frame", encoding(swaps)),
        millions_a_second("Protocol V2: frame -> PoolSwap", decoding(swaps)),
    ]


def encoding(messages: Sequence[object]) -> Callable[[], int]:
    """Encodes each message."""

    def encode() -> int:
        for number, message in enumerate(messages):
            encode_frame([message], source=Source.KRAKEN, sequence=number, timestamp_ns=number)
        return len(messages)

    return encode


def decoding(messages: Sequence[object]) -> Callable[[], int]:
    """Decodes the frame of each message."""
    frames = _frames(messages)

    def decode() -> int:
        for frame in frames:
            decode_frame(frame)
        return len(frames)

    return decode


def validating(messages: Sequence[object]) -> Callable[[], int]:
    """Reads header, checksum and the list of TLVs of each message's frame, but no value."""
    frames = _frames(messages)

    def validate() -> int:
        for frame in frames:
            header = Header.unpack(frame)
            if header.checksum != crc32(frame[HEADER_SIZE:], crc32(frame[:CHECKSUM_OFFSET])):
                raise RuntimeError("a frame that was just made is wrong: the measurement would lie")
            list(tlv_spans(frame, HEADER_SIZE, len(frame)))
        return len(frames)

    return validate


def _frames(messages: Sequence[object]) -> list[bytes]:
    return [encode_frame([message], source=Source.KRAKEN, sequence=1, timestamp_ns=1) for message in messages]
