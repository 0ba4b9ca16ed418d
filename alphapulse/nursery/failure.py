"""How the end of a service is told: errors, groups of errors and reasons of a cancel, in words."""

from __future__ import annotations

import trio


def sole_failure(error: BaseException) -> BaseException:
    """The one error within nested groups of one; a group of several stays as it is."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def describe_failure(error: BaseException) -> str:
    """Class and message of an error; for a group, those of all errors in it, separated by semicolons."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(describe_failure(inner) for inner in error.exceptions)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def reason_of_cancel(cancelled: BaseException) -> str:
    """The reason that was given to `CancelScope.cancel`; empty if none was."""
    while isinstance(cancelled, BaseExceptionGroup):
        cancelled = cancelled.exceptions[0]
    return (cancelled.reason if isinstance(cancelled, trio.Cancelled) else None) or ""
