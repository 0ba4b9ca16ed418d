"""The reader of plain Swaps in use: the compiled core where it was built, else pure Python. Both read the same."""

from __future__ import annotations

from alphapulse.rules.events import plain_swap as pure

try:
    from alphapulse.rules.events import core
except ImportError as error:
    CORE = None
    ABSENCE = str(error)
else:
    CORE = core
    ABSENCE = ""

__all__ = ["ABSENCE", "CORE", "plain_swap"]

plain_swap = CORE.plain_swap if CORE else pure.plain_swap
