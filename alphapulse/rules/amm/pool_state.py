"""What every kind of pool can be asked, however it computes: quotes, prices, what events make of it, and trust."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol, Self

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, MarketEvent
from alphapulse.data.pools import Trust


class Quote(NamedTuple):
    """What the pool's contract would do, to the last unit. Amounts are raw units.

    `amount_in` is what the pool takes, fee included: less than was offered where the pool can take no more.
    `amount_out` is what it pays: less than was wanted where the pool can pay no more. Compare, where it matters.
    """

    amount_in: int
    amount_out: int
    fee_amount: int
    """In units of the token paid in, but of the token paid out in Curve's pools, which take it there."""
    crossed: int
    """Initialised ticks crossed; 0 where there are none."""
    after: AmmState
    """The state behind the trade, with the stamp and the trust of the one before."""


class VirtualReserves(NamedTuple):
    """The pool as a constant-product pool, exact inside its present range but for rounding.

    With reserves `reserve_in / scale` and `reserve_out / scale` it pays for x raw units
    reserve_out · keep · x / (reserve_in · 10⁶ + scale · keep · x), where keep is `keep_ppm`: 10⁶ - fee.
    """

    reserve_in: int
    reserve_out: int
    scale: int
    keep_ppm: int


class AmmState(Protocol):
    """A pool's state at a moment: immutable, one class for each kind of pool, in a file of its own.

    Tokens are named by their index in `Pool.tokens`. Methods raise QuoteRefused with one of its reasons where the
    contract would revert, or where what it would do is not known.
    """

    @property
    def stamp(self) -> LogStamp:
        """The newest event that changed anything of the state."""
        ...

    @property
    def trust(self) -> Trust:
        """How far the state may be used. A divergent one refuses every quote."""
        ...

    @property
    def fee_ppm(self) -> int | None:
        """The swap fee that holds, in parts per million; None if it is dynamic and not known yet."""
        ...

    def quote_in(self, token_in: int, token_out: int, amount_in: int) -> Quote:
        """What the pool pays for `amount_in`."""
        ...

    def quote_out(self, token_in: int, token_out: int, amount_out: int) -> Quote:
        """What the pool takes for `amount_out`."""
        ...

    def price(self, token_in: int, token_out: int) -> tuple[int, int]:
        """Raw units out per raw unit in for a trade of no size, before the fee: (numerator, denominator)."""
        ...

    def virtual_reserves(self, token_in: int, token_out: int) -> VirtualReserves | None:
        """The constant-product form of the present range; None for kinds that have none, and for an empty range."""
        ...

    def most_in(self, token_in: int, token_out: int) -> int | None:
        """The greatest input for which `virtual_reserves` holds; None if it holds for any."""
        ...

    def applied(self, event: object) -> Self:
        """The state behind an event of this pool; itself if the event changes nothing."""
        ...

    def messages(self, pool: InstrumentId) -> Iterator[MarketEvent]:
        """The state as the messages from which another book can start."""
        ...


def told_again(stamp: LogStamp) -> LogStamp:
    """The stamp of a state in a snapshot: where it holds from, without the transaction, which does not happen again."""
    return LogStamp(
        stamp.block_number,
        stamp.log_index,
        stamp.transaction_index,
        None,
        stamp.block_hash,
        stamp.venue_time_ns,
        stamp.received_ns,
    )
