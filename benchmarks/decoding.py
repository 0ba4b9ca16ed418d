"""From a log's text to the typed event."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from alphapulse.rules.events import plain_swap, swap_core
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.rpc_log import decode_frame
from alphapulse.rules.events.uniswap_v3 import decode_log
from benchmarks.day import Day
from benchmarks.figures import Budget, Figure, microseconds, millions_a_second


def measure(day: Day) -> list[Figure]:
    """Every log of the day, or every Swap, in its order: caches are as warm as on the day."""
    pool, logs, decoder = day.pools[0], day.swap_logs(), LogDecoder(day.pools)

    def swaps(reader: ModuleType) -> Callable[[], int]:
        def read() -> int:
            used, swap_core.plain_swap = swap_core.plain_swap, reader.plain_swap
            try:
                for log in logs:
                    decode_log(log, pool, 0)
            finally:
                swap_core.plain_swap = used
            return len(logs)

        return read

    def json() -> int:
        for frame in day.frames:
            decode_frame(frame)
        return len(day.frames)

    def frames() -> int:
        for frame in day.frames:
            decoder.decode(frame, 0)
        return len(day.frames)

    compiled = [] if swap_core.CORE is None else [("compiled", swap_core.CORE, Budget(1.0, at_least=True))]
    return [
        *(
            millions_a_second(f"V3 Swap log -> typed event, {name}", swaps(reader), budget)
            for name, reader, budget in [("pure", plain_swap, Budget(0.5, at_least=True)), *compiled]
        ),
        microseconds("frame text -> log (JSON)", json),
        microseconds("frame text -> typed event", frames),
    ]
