"""What a trade costs and whether it may be proposed: floor, slippage, loan, gas, and the value of all of it."""

from __future__ import annotations

from typing import NamedTuple

import attrs

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import PoolKind
from alphapulse.rules.arbitrage.candidate import Measure, Stage
from alphapulse.rules.arbitrage.chain_costs import ChainCosts
from alphapulse.rules.arbitrage.costs import pool_fees
from alphapulse.rules.arbitrage.cycle import Cycle
from alphapulse.rules.arbitrage.cycle_index import CycleIndex
from alphapulse.rules.arbitrage.flash_loan import FlashLoan, LoanSource
from alphapulse.rules.arbitrage.gas import GasTerms
from alphapulse.rules.arbitrage.open_cycle import OpenCycle
from alphapulse.rules.arbitrage.path import SizedPath
from alphapulse.rules.arbitrage.sample_transaction import sample_transaction
from alphapulse.rules.arbitrage.valuation import Valuation
from alphapulse.rules.evm.executor_kinds import not_runnable

PPM = 1_000_000

_new = tuple.__new__


@attrs.frozen(kw_only=True)
class Bounds:
    """What a trade must keep to be proposed; None: no bound.

    `min_pool_value` is the least that each pool holds, in raw units of the numéraire. Slippage is how far the amount
    that comes out lies below what the first unit would bring, in ppm: of each leg, and of the whole path.
    """

    min_pool_value: int | None = None
    max_leg_slippage_ppm: int | None = None
    max_slippage_ppm: int | None = None


UNBOUNDED = Bounds()
"""No floor and no bound of slippage."""


class Refused(NamedTuple):
    """Why a trade is not proposed; `pool` is the one at which it failed, if it is one pool."""

    stage: Stage
    reason: str
    limits: tuple[Measure, ...] = ()
    pool: InstrumentId | None = None


class Costs(NamedTuple):
    """What a trade costs, in raw units of its profit token; None: no pools price it."""

    pool_fees: int
    flash_fee: int
    gas_units: int
    gas_price_wei: int
    gas_cost: int | None
    net: int | None


class Appraiser:
    """Asks a trade what the terms ask of it.

    `native` and `numeraire` value tokens: in the coin in which gas is paid, and in that in which floors are stated.
    `told` is what the chain itself says of costs. `executes`: trades are sent, so the contract has to run them.
    """

    def __init__(
        self,
        index: CycleIndex,
        native: Valuation,
        numeraire: Valuation,
        *,
        gas: GasTerms,
        loan: FlashLoan,
        bounds: Bounds,
        told: ChainCosts,
        executes: bool = False,
    ) -> None:
        self._index = index
        self._native = native
        self._numeraire = numeraire
        self._gas = gas
        self._loan = loan
        self._bounds = bounds
        self._told = told
        self._executes = executes
        self._units: dict[tuple[PoolKind, ...], int | None] = {}

    def too_thin(self, cycle: Cycle, block_number: int) -> Refused | None:
        """The first pool of a cycle that holds less than the floor, or of which nobody knows what it holds."""
        floor = self._bounds.min_pool_value
        if floor is None:
            return None
        for hop in cycle.hops:
            value = self._numeraire.holding_value(self._index.seats(hop.pool.id)[0], block_number)
            if value is None:
                return Refused(Stage.LIQUIDITY, f"no pools say what {hop.pool.name} holds", pool=hop.pool.id)
            if value < floor:
                measure = Measure("pool value", value, floor, "raw numéraire")
                text = f"{hop.pool.name} holds {value}, the floor is {floor}"
                return Refused(Stage.LIQUIDITY, text, (measure,), hop.pool.id)
        return None

    def slips(self, opened: OpenCycle, path: SizedPath) -> Refused | None:
        """The leg, or the path, that moves prices further than allowed."""
        bounds = self._bounds
        if bounds.max_leg_slippage_ppm is None and bounds.max_slippage_ppm is None:
            return None
        paid = kept = 1
        for at, (step, state) in enumerate(zip(path.steps, opened.states, strict=True), 1):
            numerator, denominator = state.price(step.token_in, step.token_out)
            first = step.amount_in * numerator * (PPM - (state.fee_ppm or 0))
            out = step.amount_out * denominator * PPM
            refused = _above(f"leg {at}", first, out, bounds.max_leg_slippage_ppm)
            if refused is not None:
                return refused
            paid, kept = paid * first, kept * out
        return _above("the path", paid, kept, bounds.max_slippage_ppm)

    def costs(self, cycle: Cycle, path: SizedPath, block_number: int, base_fee_wei: int | None) -> Costs | Refused:
        """All costs of a trade; refused if gas or loan are not known. Their value may still be unknown."""
        chain_id, token = cycle.chain_id, cycle.profit_token
        price_wei = self._gas.price(base_fee_wei)
        data_wei = self._gas.data_fee_wei(lambda: sample_transaction(cycle, path), self._told.data_fees.get(chain_id))
        if price_wei is None:
            return Refused(Stage.COSTS, "the price of gas is not known: no block has told its base fee yet")
        if data_wei is None:
            return Refused(
                Stage.COSTS,
                "what the chain charges for data on the chain below is not known: it was not read, or costs.l1 or "
                "costs.l1_wei_per_byte is missing",
            )
        units = self._units_of(cycle.kinds)
        unmeasured = units is None and price_wei > 0
        if unmeasured or self._executes:
            refused = self._beyond_the_executor(cycle, unmeasured=unmeasured)
            if refused is not None:
                return refused
        units = units or 0
        node = self._index.node(chain_id, token) if self._loan.source is LoanSource.POOL else None
        loan_fee = self._loan.fee(cycle, path.size, node, self._told.loan_fees.get(chain_id))
        if loan_fee is None:
            return Refused(Stage.COSTS, self._loan.unknown())
        fee = loan_fee.of(path.size)
        gas_wei = units * price_wei + data_wei
        gas_cost = self._native.amount_for(chain_id, token, gas_wei, block_number)
        net = None if gas_cost is None else path.profit - fee - gas_cost
        return _new(Costs, (pool_fees(path.steps), fee, units, price_wei, gas_cost, net))

    def losing(self, costs: Costs) -> Refused | None:
        """Why a trade is not worth the gate: gas has no price, or nothing is left of the profit."""
        if costs.net is None:
            return Refused(Stage.VALUATION, "gas has no price in live pools: the coin in which it is paid is unknown")
        if costs.net > 0:
            return None
        measure = Measure("net profit", costs.net, 0, "raw profit token")
        return Refused(Stage.COSTS, "flash fee and gas take all of the profit", (measure,))

    def _units_of(self, kinds: tuple[PoolKind, ...]) -> int | None:
        try:
            return self._units[kinds]
        except KeyError:
            units = self._units[kinds] = self._gas.used(kinds, self._loan.source)
            return units

    def _beyond_the_executor(self, cycle: Cycle, *, unmeasured: bool) -> Refused | None:
        """What the contract has no call for, if it is to be sent or its gas is unknown."""
        pool = not_runnable(hop.pool for hop in cycle.hops)
        if pool is not None:
            kind = pool.kind.name.lower()
            hint = "" if self._executes else "; on paper its gas can be stated in costs.gas_by_kind"
            return Refused(Stage.COSTS, f"the executor cannot run this kind: {pool.name} is {kind}{hint}", pool=pool.id)
        if self._executes and self._loan.source is LoanSource.POOL:
            return Refused(Stage.COSTS, "the executor cannot borrow from a pool beside the path")
        if unmeasured:
            return Refused(
                Stage.COSTS, f"the gas of a loan ({self._loan.source.value}) was not measured: state gas_units"
            )
        return None

    def worth(self, cycle: Cycle, costs: Costs, block_number: int) -> int | None:
        """What a trade leaves in wei of the native coin, by which trades in different tokens are compared."""
        if costs.net is None:
            return None
        return self._native.value(cycle.chain_id, cycle.profit_token, costs.net, block_number)


def _above(what: str, first: int, out: int, limit_ppm: int | None) -> Refused | None:
    if limit_ppm is None or first <= 0:
        return None
    slippage_ppm = PPM - out * PPM // first
    if slippage_ppm <= limit_ppm:
        return None
    measure = Measure(f"slippage of {what}", slippage_ppm, limit_ppm, "ppm")
    return Refused(Stage.SLIPPAGE, f"{what} slips by {slippage_ppm} ppm, allowed are {limit_ppm}", (measure,))
