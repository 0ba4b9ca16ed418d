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


async def reason_in_force() -> str:
    """The reason for which the calling task is cancelled now; empty if it is not, or none was given.

    The `Cancelled` in hand may come from a scope of its own that ended in the same moment. Waits for nothing.
    """
    try:
        await trio.lowlevel.checkpoint_if_cancelled()
    except trio.Cancelled as cancelled:  # noqa: ASYNC103 - only asked; the caller's own one travels on
        return cancelled.reason or ""  # noqa: ASYNC104 - as above
    return ""
