"""An action of somebody as the journal keeps it: cut to its width, without secrets."""

from __future__ import annotations

from alphapulse.data.runs import AuditTrail
from alphapulse.data.wire import NAME, SENTENCE
from alphapulse.safety.clipped import clipped
from alphapulse.secret import masked


def audit_record(actor: str, action: str, target: str, reason: str, result: str, at_ns: int) -> AuditTrail:
    """The record of an action; `at_ns` is the wall clock."""
    return AuditTrail(
        actor=clipped(masked(actor), NAME.limit),
        action=clipped(action, NAME.limit),
        target=clipped(masked(target), NAME.limit),
        reason=clipped(masked(reason), SENTENCE.limit),
        result=clipped(result, SENTENCE.limit),
        at_ns=at_ns,
    )
