"""Protocol V2: a PoolSwap to its frame and back, checksum included."""

from __future__ import annotations

from alphapulse.data.wire import Source
from alphapulse.rules.wire.frame import decode_frame, encode_frame
from benchmarks.day import Day
from benchmarks.figures import Figure, millions_a_second

COUNT = 500


def measure(day: Day) -> list[Figure]:
    """The design's budgets are for a Trade of 90 bytes, which does not travel yet: none is held here."""
    swaps = day.swaps()[:COUNT]
    frames = [encode_frame([swap], source=Source.ETHEREUM, sequence=1, timestamp_ns=1) for swap in swaps]

    def encode() -> int:
        for number, swap in enumerate(swaps):
            encode_frame([swap], source=Source.ETHEREUM, sequence=number, timestamp_ns=1)
        return len(swaps)

    def decode() -> int:
        for frame in frames:
            decode_frame(frame)
        return len(frames)

    size = len(frames[0])
    return [
        millions_a_second(f"Protocol V2: encode a PoolSwap frame of {size} bytes", encode),
        millions_a_second(f"Protocol V2: decode a PoolSwap frame of {size} bytes", decode),
    ]
