"""What a trade is asked: floor, slippage, loan, gas and its price; what is unknown refuses."""

from __future__ import annotations

from fractions import Fraction

import attrs
import pytest

from alphapulse.data.pools import Pool, PoolKind
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.appraisal import Appraiser, Bounds, Costs, Refused
from alphapulse.rules.arbitrage.candidate import Stage
from alphapulse.rules.arbitrage.chain_costs import ChainCosts
from alphapulse.rules.arbitrage.cycle_index import CycleIndex
from alphapulse.rules.arbitrage.cycle_sizing import size_cycle
from alphapulse.rules.arbitrage.data_fee import ArbitrumFee, OptimismFee
from alphapulse.rules.arbitrage.flash_loan import FlashLoan, LoanSource
from alphapulse.rules.arbitrage.gas import GAS_BY_KIND, GAS_OVERHEAD, GasTerms
from alphapulse.rules.arbitrage.loan_fee import LoanFee
from alphapulse.rules.arbitrage.open_cycle import OpenCycle, open_cycle
from alphapulse.rules.arbitrage.path import SizedPath
from alphapulse.rules.arbitrage.sample_transaction import sample_transaction
from alphapulse.rules.arbitrage.valuation import Valuation
from tests.rules.arbitrage.market_graphs import address, cycle_of, graph_pool, pair_state, token

E18 = 10**18
V2, V3 = PoolKind.V2, PoolKind.V3
NATIVE = 9
"""The token in which gas is paid; two of it are worth one of token 1."""
CHEAP, DEAR, PRICING = graph_pool(0, 1, 2), graph_pool(1, 1, 2), graph_pool(2, 1, NATIVE)
LENDER = attrs.evolve(graph_pool(3, 1, 7), kind=V3, fee_ppm=100, tick_spacing=1)
POOLS: tuple[tuple[Pool, AmmState], ...] = (
    (CHEAP, pair_state(1000 * E18, 1100 * E18)),
    (DEAR, pair_state(1000 * E18, 1000 * E18)),
    (PRICING, pair_state(500 * E18, 1000 * E18)),
    (LENDER, pair_state(1000 * E18, 5)),
)


def opened() -> OpenCycle:
    found = open_cycle(cycle_of([CHEAP, DEAR], [1, 2]), [POOLS[0][1], POOLS[1][1]], opens_episode=True)
    assert found is not None
    return found


def path() -> SizedPath:
    found = size_cycle(opened().cycle, opened().states)
    assert found is not None
    return found


def appraiser(
    *,
    gas: GasTerms = GasTerms(price_wei=0),  # noqa: B008  # frozen
    loan: FlashLoan = FlashLoan(),  # noqa: B008
    bounds: Bounds = Bounds(),  # noqa: B008
    pools: tuple[tuple[Pool, AmmState], ...] = POOLS,
    told: ChainCosts | None = None,
) -> Appraiser:
    index = CycleIndex()
    for pool, state in pools:
        for seat in index.add(pool):
            seat.state = state
    native, numeraire = (Valuation(address(root), index) for root in (NATIVE, 1))
    return Appraiser(index, native, numeraire, gas=gas, loan=loan, bounds=bounds, told=told or ChainCosts())


def costs_of(
    gas: GasTerms,
    loan: FlashLoan = FlashLoan(),  # noqa: B008
    base_fee_wei: int | None = None,
    *,
    told: ChainCosts | None = None,
) -> Costs | Refused:
    return appraiser(gas=gas, loan=loan, told=told).costs(opened().cycle, path(), 1, base_fee_wei)


def test_gas_is_counted_by_the_path_and_valued_against_us() -> None:
    """Two V2 pairs at 20 gwei; the native coin is worth half of token 1; the net is compared in wei."""
    found = costs_of(GasTerms(price_wei=20 * 10**9))
    assert isinstance(found, Costs)
    units = GAS_OVERHEAD + 2 * GAS_BY_KIND[V2]
    assert (found.gas_units, found.gas_price_wei) == (units, 20 * 10**9)
    assert found.gas_cost == units * 20 * 10**9 // 2
    assert found.net == path().profit - found.gas_cost
    assert appraiser().worth(opened().cycle, found, 1) == 2 * found.net
    assert found.flash_fee == 0


def test_the_newest_block_prices_gas_that_is_live() -> None:
    """Base fee and priority; before a block has told one the trade is refused."""
    terms = GasTerms(priority_fee_wei=3, units=10)
    found = costs_of(terms, base_fee_wei=7)
    assert isinstance(found, Costs)
    assert (found.gas_price_wei, found.gas_cost) == (10, 50)
    refused = costs_of(terms)
    assert isinstance(refused, Refused)
    assert (refused.stage, "no block has told" in refused.reason) == (Stage.COSTS, True)


def test_data_on_the_chain_below_is_charged_or_unknown() -> None:
    found = costs_of(GasTerms(units=0, price_wei=0, l1_wei_per_byte=6, l1_bytes=100))
    assert isinstance(found, Costs)
    assert found.gas_cost == 300
    refused = costs_of(GasTerms(units=0, price_wei=0, l1_wei_per_byte=None))
    assert isinstance(refused, Refused)
    assert "l1_wei_per_byte" in refused.reason


def test_a_kind_that_was_not_measured_has_no_gas_until_it_is_stated() -> None:
    """Free gas needs no measure."""
    kinds = (V2, PoolKind.CURVE_STABLE)
    assert GasTerms().used(kinds, LoanSource.SWAP) is None
    stated = GasTerms(by_kind={**GAS_BY_KIND, PoolKind.CURVE_STABLE: 200_000})
    assert stated.used(kinds, LoanSource.SWAP) == GAS_OVERHEAD + GAS_BY_KIND[V2] + 200_000
    assert GasTerms(units=5).used(kinds, LoanSource.POOL) == 5
    assert GasTerms().used((V2,), LoanSource.POOL) is None
    assert isinstance(costs_of(GasTerms(price_wei=1, by_kind={})), Refused)
    assert isinstance(costs_of(GasTerms(price_wei=0, by_kind={})), Costs)


@pytest.mark.parametrize(
    ("kinds", "first_pool", "balancer"),
    [
        ((V2, V2), 165_161, 190_663),
        ((V3, V2), 159_225, 189_956),
        ((PoolKind.ALGEBRA, V2), 236_007, 266_016),
        ((V2, V2, V2), 218_416, 243_878),
        ((V3, V3, V2), 229_283, 264_761),
        ((V3, V3, PoolKind.ALGEBRA), 318_096, 351_664),
    ],
)
def test_the_table_of_gas_is_near_what_was_measured(
    kinds: tuple[PoolKind, ...], first_pool: int, balancer: int
) -> None:
    """Of the whole transactions of docs/executor.md it says at most 1% too little and 11% too much."""
    for source, measured in ((LoanSource.SWAP, first_pool), (LoanSource.BALANCER, balancer)):
        used = GasTerms().used(kinds, source)
        assert used is not None
        assert measured * 99 <= used * 100 <= measured * 111


def test_gas_that_no_pool_prices_leaves_the_net_unknown() -> None:
    without = tuple(one for one in POOLS if one[0] is not PRICING)
    found = appraiser(gas=GasTerms(price_wei=1), pools=without).costs(opened().cycle, path(), 1, None)
    assert isinstance(found, Costs)
    assert (found.gas_cost, found.net, appraiser().worth(opened().cycle, found, 1)) == (None, None, None)


@pytest.mark.parametrize(
    ("loan", "fee_ppm"),
    [
        (FlashLoan(LoanSource.STATED, 900), 900),
        (FlashLoan(LoanSource.SWAP), 0),
        (FlashLoan(LoanSource.POOL), 100),
        (FlashLoan(LoanSource.BALANCER, 77), 77),
        (FlashLoan(LoanSource.AAVE, None), None),
        (FlashLoan(LoanSource.BALANCER, None), None),
    ],
)
def test_each_lender_asks_his_own(loan: FlashLoan, fee_ppm: int | None) -> None:
    """Rounded up; a premium that nobody told refuses."""
    found = costs_of(GasTerms(units=1, price_wei=0), loan)
    if fee_ppm is None:
        assert isinstance(found, Refused)
        assert loan.source.value in found.reason
    else:
        assert isinstance(found, Costs)
        assert found.flash_fee == -(-path().size * fee_ppm // 10**6)


def test_what_the_chain_says_of_its_lender_counts_where_nothing_is_stated() -> None:
    """Of the chain of the trade; what is stated goes before it."""
    told = ChainCosts()
    told.loan_fees |= {1: LoanFee.of_aave(9, 3), 137: LoanFee.of_aave(5, 3)}
    for stated, fee in ((None, LoanFee(9, 10_000, half_up=True)), (0, LoanFee(0))):
        found = costs_of(GasTerms(units=1, price_wei=0), FlashLoan(LoanSource.AAVE, stated), told=told)
        assert isinstance(found, Costs)
        assert found.flash_fee == fee.of(path().size)
        assert found.net == path().profit - found.flash_fee
    told.forget(1)
    assert isinstance(costs_of(GasTerms(price_wei=0), FlashLoan(LoanSource.AAVE, None), told=told), Refused)


def test_bytes_are_charged_by_the_rule_that_is_stated_or_by_what_the_chain_says() -> None:
    """As many wei as the rule asks for this very path; 0 a byte where the chain charges nothing."""
    free = GasTerms(units=0, price_wei=0)
    unstated = attrs.evolve(free, l1_wei_per_byte=None)
    raw = sample_transaction(opened().cycle, path())
    told = ChainCosts()
    assert isinstance(costs_of(unstated, told=told), Refused)
    told.data_fees[1] = OptimismFee(10**9, 10**7, 2_000_000, 3_000_000)
    stated = ArbitrumFee(10**8)
    for terms, wei in (
        (unstated, told.data_fees[1].fee_wei(raw)),
        (attrs.evolve(unstated, data_fee=stated), 10**8 * 16 * len(raw)),
        (free, 0),
    ):
        found = costs_of(terms, told=told)
        assert isinstance(found, Costs)
        assert found.gas_cost == -(-wei // 2)


def test_a_pool_of_the_path_cannot_lend_and_not_every_kind_pays_first() -> None:
    """A V3 pool of the path is locked by its swap; Curve's pools are paid before they pay."""
    index = CycleIndex()
    pools = [attrs.evolve(LENDER, token1=token(2), id=graph_pool(at, 1, 2).id, fee_ppm=500) for at in (0, 1)]
    for pool in pools:
        index.add(pool)
    cycle = cycle_of(pools, [1, 2])
    assert FlashLoan(LoanSource.POOL).fee(cycle, 1, index.node(1, address(1))) is None
    curve = cycle_of([attrs.evolve(pools[0], kind=PoolKind.CURVE_STABLE), pools[1]], [1, 2])
    assert FlashLoan(LoanSource.SWAP).fee(curve, 1, None) is None


def test_a_pool_lends_no_more_than_it_is_known_to_hold() -> None:
    """The cheapest that holds as much; of one without a state nobody knows."""
    deep = attrs.evolve(LENDER, id=graph_pool(4, 1, 7).id, fee_ppm=500)
    thin, rich = (LENDER, pair_state(10, 5)), (deep, pair_state(20, 5))
    index = CycleIndex()
    for pool, state in (thin, rich):
        for seat in index.add(pool):
            seat.state = state
    index.add(attrs.evolve(LENDER, id=graph_pool(5, 1, 7).id, fee_ppm=1))
    lender = FlashLoan(LoanSource.POOL)
    fees = [lender.fee(opened().cycle, size, index.node(1, address(1))) for size in (10, 11, 20, 21)]
    assert fees == [LoanFee(100), LoanFee(500), LoanFee(500), None]


def test_a_pool_below_the_floor_refuses_with_its_value() -> None:
    """The dear pool holds 1,000 of token 1 and as much of token 2, of which 1,047.6 are worth 1,000."""
    value = 1000 * E18 + 1000 * E18 * 1000 // 1100
    for floor, is_refused in ((value - 100 * E18, False), (2100 * E18, True)):
        refused = appraiser(bounds=Bounds(min_pool_value=floor)).too_thin(opened().cycle, 1)
        assert (refused is not None) == is_refused
        if refused is not None:
            assert refused.stage is Stage.LIQUIDITY
            assert refused.pool in (CHEAP.id, DEAR.id)
            (measure,) = refused.limits
            assert measure.limit == floor
            assert measure.value < floor
    assert appraiser().too_thin(opened().cycle, 1) is None
    nowhere = appraiser(bounds=Bounds(min_pool_value=1), pools=((CHEAP, pair_state(0, 0)), (DEAR, pair_state(0, 0))))
    refused = nowhere.too_thin(opened().cycle, 1)
    assert refused is not None


def test_slippage_is_bound_by_leg_and_in_total() -> None:
    """Each leg against what the first unit would bring after the fee."""
    best, states = path(), opened().states
    kept, legs = Fraction(1), []
    for step, state in zip(best.steps, states, strict=True):
        numerator, denominator = state.price(step.token_in, step.token_out)
        share = Fraction(step.amount_out * denominator * 1000, step.amount_in * numerator * 997)
        legs.append(share)
        kept *= share
    worst, whole = 10**6 - int(min(legs) * 10**6), 10**6 - int(kept * 10**6)
    for bounds, is_refused in (
        (Bounds(max_leg_slippage_ppm=worst), False),
        (Bounds(max_leg_slippage_ppm=worst - 1), True),
        (Bounds(max_slippage_ppm=whole), False),
        (Bounds(max_slippage_ppm=whole - 1), True),
        (Bounds(), False),
    ):
        refused = appraiser(bounds=bounds).slips(opened(), best)
        assert (refused is not None) == is_refused
        if refused is not None:
            assert refused.stage is Stage.SLIPPAGE
            assert refused.limits[0].value in (worst, whole)
