"""What the tracker wants done, in the order in which it wants it."""

from __future__ import annotations

import attrs

from alphapulse.rules.chain.asks import Ask
from alphapulse.rules.chain.block_logs import HeardLog
from alphapulse.rules.chain.header import Header


@attrs.frozen
class Asked:
    """A node is to be asked."""

    ask: Ask


@attrs.frozen
class BlockClosed:
    """A block is complete: all its logs that the filter lets through, in order. Its parent was the one before."""

    header: Header
    logs: tuple[HeardLog, ...]


@attrs.frozen
class Reorganised:
    """Everything behind `ancestor` is undone; the blocks up to `new_head` follow as they are closed."""

    ancestor: Header
    old_head: Header
    new_head: Header


@attrs.frozen
class SeedLost:
    """The chain cannot be followed from what is known: a new snapshot is needed. `deep`: more than books can undo."""

    reason: str
    deep: bool


@attrs.frozen
class LogsSilent:
    """Blocks with logs were closed of which the subscription told none: it needs a new connection."""

    block_number: int


@attrs.frozen
class FinalityBroken:
    """What the chain called final is not, any more."""

    reason: str


Effect = Asked | BlockClosed | Reorganised | SeedLost | LogsSilent | FinalityBroken
