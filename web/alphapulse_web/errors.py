"""Errors of the control plane.

    AlphaPulseError
    ├─ ApiError(RuntimeError)      a request is refused, with the status and the words of the answer
    ├─ RequestError(ValueError)    bytes that this server does not speak; answered, then the connection is closed
    └─ StoreError(OSError)         replies and sessions cannot be kept

Messages are lower case and say what was expected, what was found and what to do.
"""

from __future__ import annotations

from typing import Any

from alphapulse.errors import AlphaPulseError


class ApiError(AlphaPulseError, RuntimeError):
    """A request is refused. `status` is the HTTP status, `code` the word for programs, `detail` what else helps."""

    def __init__(self, status: int, code: str, message: str, detail: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail


class RequestError(AlphaPulseError, ValueError):
    """A request is not one that this server speaks. It was answered with an error; the connection ends."""


class StoreError(AlphaPulseError, OSError):
    """What the control plane wants to keep cannot be written or read."""
