"""The garbage collector of a process that trades: it leaves alone what stays, and comes seldom."""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 20_000
"""New containers after which it looks for cycles, a few megabytes. A market event is freed by its reference counts: at
Python's own 700 the collector comes every hundredth event, finds nothing, and holds up what waits."""


def spare_collector() -> None:
    """What is there now stays, so that no collection walks through it; later ones are fewer."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
