"""Runs of the books, and the journal's own bookkeeping."""

from __future__ import annotations

from alphapulse.data.execution import Mode
from alphapulse.data.wire import HASH, NAME, SENTENCE, U32, U64, Choice, Domain, message, wire


@message(type=113, domain=Domain.SYSTEM)
class RunStarted:
    """Fresh books: positions and P&L start at zero."""

    run: int = wire(U32, "number, counted on over restarts")
    mode: Mode = wire(Choice(Mode))
    source: str = wire(NAME, "what is traded: the collector's name and kind")
    configuration: str = wire(NAME, "hash of the configuration")
    reason: str = wire(SENTENCE, "start of the daemon, or the recording that began again")
    started_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


@message(type=114, domain=Domain.SYSTEM)
class RunEnded:
    """The run's books are closed."""

    run: int = wire(U32)
    reason: str = wire(SENTENCE)
    ended_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


@message(type=115, domain=Domain.SYSTEM)
class ChainLink:
    """Ties a journal frame to the one before it: SHA-256 of that whole frame; zeros for the first."""

    previous: bytes = wire(HASH, "SHA-256 of the previous frame")


@message(type=81, domain=Domain.SYSTEM)
class AuditTrail:
    """An operator's action that changed something or tried to."""

    actor: str = wire(NAME, "who")
    action: str = wire(NAME, "what, such as `control.kill`")
    target: str = wire(NAME, "on what")
    reason: str = wire(SENTENCE, "why, in the actor's words")
    result: str = wire(SENTENCE, "what came of it")
    at_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")
