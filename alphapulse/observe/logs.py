"""Logs: lines for people on a terminal, JSON lines elsewhere, both on standard error. No secret is in them."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

import structlog

from alphapulse.secret import masked


class MaskedFormatter(structlog.stdlib.ProcessorFormatter):
    """Lines, their tracebacks included, without the secrets that live in this process."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it may be seen."""
        return masked(super().format(record))


def mask_last_words() -> None:
    """What ends the process says no secret either."""
    sys.excepthook = _tell_masked


def _tell_masked(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(masked("".join(traceback.format_exception(kind, error, trace))))


def configure_logs(level: int = logging.INFO) -> None:
    """Send all logs to standard error. Times are UTC."""
    terminal = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        MaskedFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)
