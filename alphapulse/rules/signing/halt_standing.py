"""How far trading is halted, as a signer sees it."""

from __future__ import annotations

import enum

import attrs


class Stop(enum.Enum):
    """How much is signed."""

    NONE = "none"
    HALTED = "halted"
    """What uses up a number and moves nothing is still signed: an operator must be able to clear up."""
    LOCKED = "locked"
    """Nothing is signed."""


@attrs.frozen
class HaltStanding:
    """What the latch says. `text` tells why it stops; `epoch` is the number under which the newest change was made."""

    stop: Stop
    text: str
    epoch: int
