"""Every message class by number. Importing this module makes `alphapulse.data.wire.MESSAGES` complete."""

from __future__ import annotations

from alphapulse.data import execution, halts, market, runs, signals
from alphapulse.data.wire import MESSAGES

__all__ = ["MESSAGES", "MODULES", "message_class"]

MODULES = (market, signals, execution, halts, runs)
"""The modules that declare messages; a new one is added here."""


def message_class(type_: int) -> type | None:
    """The class that travels as TLV `type_`, None for a number that nobody declared."""
    return MESSAGES.get(type_)
