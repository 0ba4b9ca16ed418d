"""Signals: what a strategy proposes to trade."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.wire import (
    ADDRESS,
    I256,
    NAME,
    U32,
    U64,
    U128,
    U256,
    Domain,
    Many,
    Maybe,
    Record,
    message,
    record,
    wire,
)

MAX_LEGS = 8

INHERITED_EPISODE = 0
"""The episode of a gap that was open already when the strategy's life began; it may have been traded before."""


@record
class Leg:
    """One swap of a path, at the state that the strategy saw."""

    pool: InstrumentId = wire(Record(InstrumentId))
    token_in: bytes = wire(ADDRESS)
    token_out: bytes = wire(ADDRESS)
    amount_in: int = wire(U256, "sold", unit="raw token in")
    amount_out: int = wire(U256, "received at the seen state", unit="raw token out")
    pool_fee: int = wire(U256, "part of amount_in that the pool keeps", unit="raw token in")
    sqrt_price_x96: int = wire(U256, "price of the pool before the leg", unit="sqrt(token1/token0) * 2^96")


@message(type=32, domain=Domain.SIGNAL)
class ArbitrageSignal:
    """A cycle that starts and ends in `profit_token` and pays more than it costs in pool fees.

    Amounts are raw units of the profit token unless named otherwise. gross = profit + pool_fees;
    net = profit - flash_fee - gas_cost, unknown (None) while gas cannot be valued.
    """

    run: int = wire(U32, "run of the books")
    signal_id: int = wire(U64, "number within the run")
    strategy: str = wire(NAME)
    episode: int = wire(U32, "number of the pair's run of consecutive opportunity states, unique in the run")
    halt_epoch: int = wire(U64, "halt epoch under which the signal was born")
    chain_id: int = wire(U64)
    block_number: int = wire(U64, "position: block")
    log_index: int = wire(U32, "position: log")
    venue_time_ns: int = wire(U64, "market clock", unit="ns since 1970 UTC")
    received_ns: int = wire(U64, "when the opening event was received", unit="ns since 1970 UTC", eq=False)
    valid_through_block: int = wire(U64, "last block in which the signal may be executed")
    legs: tuple[Leg, ...] = wire(Many(Record(Leg), MAX_LEGS))
    profit_token: bytes = wire(ADDRESS)
    size: int = wire(U256, "first leg's amount in")
    gross: int = wire(I256, "profit before pool fees")
    pool_fees: int = wire(U256, "all legs' pool fees, valued in the profit token")
    profit: int = wire(I256, "amount back less amount in")
    flash_fee: int = wire(U256, "fee of the flash loan")
    gas_units: int = wire(U64, "gas that the transaction is stated to use")
    gas_price_wei: int = wire(U128, "price per gas", unit="wei")
    gas_cost: int | None = wire(Maybe(U256), "gas valued in the profit token; absent if it has no price")
    gap_ppm: int = wire(U32, "hi price over lo price less one, floored; 2^32 - 1 if more", unit="ppm")
    fees_ppm: int = wire(U32, "sum of the pool fees", unit="ppm")

    @property
    def net(self) -> int | None:
        """What would be left, in raw units of the profit token; None while gas has no price."""
        return None if self.gas_cost is None else self.profit - self.flash_fee - self.gas_cost

    @property
    def position(self) -> tuple[int, int]:
        """(block number, log index) of the state that the strategy saw."""
        return self.block_number, self.log_index

    @property
    def pools(self) -> tuple[InstrumentId, ...]:
        """The pools of the path in order."""
        return tuple([leg.pool for leg in self.legs])
