"""A log filter against floods: hostile clients can cause a line per connection."""

from __future__ import annotations

import logging

BURST = 5
WINDOW_S = 10


class Trickle(logging.Filter):
    """Lets 5 records pass in 10 seconds; the next one that passes says how many did not."""

    def __init__(self) -> None:
        super().__init__()
        self._began = 0.0
        self._passed = 0
        self._held = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """True if the record may pass, judged by its own time."""
        if record.created >= self._began + WINDOW_S:
            self._began, self._passed = record.created, 0
        if self._passed == BURST:
            self._held += 1
            return False
        self._passed += 1
        if self._held:
            record.msg, record.args = f"{record.getMessage()} ({self._held} such lines were held back)", ()
            self._held = 0
        return True
