"""What is seen of a transaction, and what state that makes of the one before: a table. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from alphapulse.data.transactions import TransactionState


class Observation(enum.Enum):
    """What can be seen of a transaction."""

    ACCEPTED = "accepted"
    """A node or relay took it."""
    REFUSED = "refused"
    """Every one that it was sent to said that it has not taken it."""
    DOUBTFUL = "doubtful"
    """It was sent, and nobody can say what became of it."""
    SEEN = "seen"
    """A node that was asked for it has it."""
    NOT_SEEN = "not seen"
    """All nodes answered, and none has it."""
    RECOVERED = "recovered"
    """A start found it in the journal, and no node has it: it may have left, or not."""
    RECEIPT = "receipt"
    """It stands in a block."""
    ORPHANED = "orphaned"
    """Its block was taken back."""
    FINAL = "final"
    """Its block is final by the chain's rule."""
    OVERTAKEN = "overtaken"
    """Another transaction of its number is final."""
    WITHDRAWN = "withdrawn"
    """It was taken back before its bytes left."""


_S, _O = TransactionState, Observation
_IN_A_BLOCK: Final = {_O.RECEIPT: _S.MINED, _O.OVERTAKEN: _S.REPLACED}

MOVES: Final[Mapping[TransactionState, Mapping[Observation, TransactionState]]] = MappingProxyType(
    {
        # Refused by all it stays what it is: its bytes have left, so its number is not free.
        _S.SIGNED: _IN_A_BLOCK
        | {
            _O.ACCEPTED: _S.SENT,
            _O.SEEN: _S.SEEN,
            _O.DOUBTFUL: _S.UNKNOWN,
            _O.RECOVERED: _S.UNKNOWN,
            _O.WITHDRAWN: _S.DROPPED,
        },
        _S.SENT: _IN_A_BLOCK | {_O.SEEN: _S.SEEN, _O.RECOVERED: _S.UNKNOWN},
        # A pool that has forgotten it says nothing of other pools: it was sent, and can be sent again.
        _S.SEEN: _IN_A_BLOCK | {_O.NOT_SEEN: _S.SENT, _O.RECOVERED: _S.UNKNOWN},
        _S.MINED: {_O.ORPHANED: _S.SENT, _O.FINAL: _S.SETTLED, _O.OVERTAKEN: _S.REPLACED},
        # Only who has it can end the doubt; that nobody does is no proof.
        _S.UNKNOWN: _IN_A_BLOCK | {_O.ACCEPTED: _S.SENT, _O.SEEN: _S.SEEN},
        _S.SETTLED: {},
        _S.REPLACED: {},
        _S.DROPPED: {},
    }
)
"""State, observation, next state. What is not listed changes nothing; nothing leads out of an end."""


def after(state: TransactionState, observation: Observation) -> TransactionState:
    """The state behind an observation."""
    return MOVES[state].get(observation, state)
