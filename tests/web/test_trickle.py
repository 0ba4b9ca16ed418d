"""The log filter against floods."""

from __future__ import annotations

import logging

from alphapulse_web.trickle import BURST, WINDOW_S, Trickle


def test_a_flood_becomes_a_few_lines_and_a_count() -> None:
    trickle = Trickle()

    def passes(time: float) -> tuple[bool, str]:
        record = logging.LogRecord("x", logging.WARNING, "x.py", 1, "odd %s", ("byte",), None)
        record.created = time
        return trickle.filter(record), record.getMessage()

    verdicts = [passes(100.0)[0] for _ in range(50)]
    assert verdicts == [True] * BURST + [False] * (50 - BURST)
    assert passes(100.0 + WINDOW_S) == (True, f"odd byte ({50 - BURST} such lines were held back)")
    assert passes(100.0 + WINDOW_S) == (True, "odd byte")
