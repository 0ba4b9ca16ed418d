"""What the daemon writes to standard error, caught."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from alphapulse.observe.logs import MaskedFormatter


@contextmanager
def log_stream() -> Iterator[io.StringIO]:
    """All that anybody logs, down to DEBUG, as it is formatted for standard error."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        MaskedFormatter(processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])
    )
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
