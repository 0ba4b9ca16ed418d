"""Compliance: checks that are made for the record."""

from __future__ import annotations

import enum

from alphapulse.data.wire import NAME, SENTENCE, U64, Choice, Domain, message, wire


class ComplianceResult(enum.IntEnum):
    """How a check came out."""

    PASSED = 1
    FAILED = 2
    NOT_APPLICABLE = 3


@message(type=80, domain=Domain.SYSTEM)
class ComplianceCheck:
    """A check and its result."""

    check: str = wire(NAME, "what was checked")
    subject: str = wire(NAME, "on what: an order, an address, a strategy")
    result: ComplianceResult = wire(Choice(ComplianceResult))
    text: str = wire(SENTENCE, "the result in words")
    checker: str = wire(NAME, "who or what checked")
    checked_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")
