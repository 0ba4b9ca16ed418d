"""Every error that AlphaPulse raises on purpose.

    AlphaPulseError
    ├─ ConfigError(ValueError)            a setting, with its path, what was expected and found
    ├─ PoolFileError(ValueError)          a pool file that does not say what it must
    ├─ RecordingError(ValueError)         a recording that cannot be read on
    ├─ LogRefused(ValueError)             one log that is not believed, with its reason
    ├─ ProtocolError(ValueError)          bytes that are not Protocol V2, with offset, expected and found
    ├─ RelayError(RuntimeError)           a message on the wrong relay, a consumer that was cut off
    ├─ JournalError(RuntimeError)         the journal cannot be trusted or written
    ├─ LedgerError(RuntimeError)          the ledger cannot be opened or brought up to date
    ├─ LifecycleError(RuntimeError)       a task that ended, or started too late
    └─ HaltError(RuntimeError)            a resume that is not allowed, a latch that cannot be read

Messages are lower case and say what was expected, what was found and what to do.
"""

from __future__ import annotations


class AlphaPulseError(Exception):
    """The root of all errors raised on purpose."""


class ConfigError(AlphaPulseError, ValueError):
    """A setting is missing, unknown or wrong. `path` names it, such as `collectors.day.speed`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path


class PoolFileError(AlphaPulseError, ValueError):
    """A pool file is unreadable or says something impossible."""


class RecordingError(AlphaPulseError, ValueError):
    """A recording is missing, cut off or not what it should be."""


class LogRefused(AlphaPulseError, ValueError):
    """A log is not believed. `reason` is the key under which it is counted."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(f"{reason}: {problem}")
        self.reason = reason


class RelayError(AlphaPulseError, RuntimeError):
    """A message was published on a relay that does not carry it, or a consumer was cut off."""


class JournalError(AlphaPulseError, RuntimeError):
    """The journal cannot be trusted or cannot be written."""


class LedgerError(AlphaPulseError, RuntimeError):
    """The ledger cannot be opened, migrated or brought up to date."""


class LifecycleError(AlphaPulseError, RuntimeError):
    """A supervised task ended although it should not, or was not ready in time."""


class HaltError(AlphaPulseError, RuntimeError):
    """A resume is not allowed, or the latch cannot be read or written."""
