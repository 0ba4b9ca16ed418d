"""From a log's text to the typed event."""

from __future__ import annotations

from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.rpc_log import decode_frame
from alphapulse.rules.events.uniswap_v3 import decode_log
from benchmarks.day import Day
from benchmarks.figures import Budget, Figure, microseconds, millions_a_second


def measure(day: Day) -> list[Figure]:
    """Every log of the day, or every Swap, in its order: caches are as warm as on the day."""
    pool, logs, decoder = day.pools[0], day.swap_logs(), LogDecoder(day.pools)

    def swaps() -> int:
        for log in logs:
            decode_log(log, pool, 0)
        return len(logs)

    def json() -> int:
        for frame in day.frames:
            decode_frame(frame)
        return len(day.frames)

    def frames() -> int:
        for frame in day.frames:
            decoder.decode(frame, 0)
        return len(day.frames)

    return [
        millions_a_second("V3 Swap log -> typed event", swaps, Budget(0.5, at_least=True)),
        microseconds("frame text -> log (JSON)", json),
        microseconds("frame text -> typed event", frames),
    ]
