"""What trades cost by the configuration, and what is left for the chain to say."""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.config_sections.execution import CostsSection, L1Section
from alphapulse.config_sections.strategies import FlashArbitrageSection
from alphapulse.data.pools import Pool, PoolKind
from alphapulse.errors import ConfigError
from alphapulse.rules.arbitrage.data_fee import DATA_RULES, ArbitrumFee, DataFee, DataRule, OptimismFee
from alphapulse.rules.arbitrage.flash_loan import ASKS_ON_CHAIN, FlashLoan, LoanSource
from alphapulse.rules.arbitrage.gas import GAS_BY_KIND, GasTerms

_L1_PRICES = ("base_fee_wei", "blob_base_fee_wei", "base_fee_scalar", "blob_base_fee_scalar")


def loan_terms(section: FlashArbitrageSection, *, live: bool) -> FlashLoan:
    """Who lends. Where a chain is followed, its lenders say what they ask; in a replay it is stated.

    Raises:
        ConfigError: what the chain says is stated too.
    """
    source = LoanSource(section.flash_loan)
    if source in ASKS_ON_CHAIN:
        if live and section.flash_fee_ppm is not None:
            raise ConfigError(
                "strategies.flash_arbitrage.flash_fee_ppm",
                f'expected none with flash_loan = "{source.value}" on a live chain, whose contract is asked, found '
                f"{section.flash_fee_ppm}",
            )
        if live or source is LoanSource.AAVE:
            return FlashLoan(source, section.flash_fee_ppm)
    # Balancer's vault has asked nothing in any block that was recorded until now.
    return FlashLoan(source, section.flash_fee_ppm or 0)


def gas_terms(costs: CostsSection, pools: Sequence[Pool]) -> GasTerms:
    """How gas is counted and priced.

    Raises:
        ConfigError: a kind of pool that there is none of, or prices of data that are not whole.
    """
    by_kind = dict(GAS_BY_KIND)
    for name, gas in (costs.gas_by_kind or {}).items():
        kind = {one.name.lower(): one for one in PoolKind}.get(name)
        if kind is None:
            known = ", ".join(one.name.lower() for one in PoolKind)
            raise ConfigError(f"costs.gas_by_kind.{name}", f"expected a kind of pool ({known}), found {name!r}")
        by_kind[kind] = gas
    if costs.l1_wei_per_byte and not costs.l1_bytes:
        raise ConfigError("costs.l1_bytes", "expected how many bytes a transaction has, as each costs, found 0")
    data_fee = _stated(costs.l1)
    if data_fee is not None and costs.l1_wei_per_byte is not None:
        raise ConfigError("costs.l1", "expected either it or l1_wei_per_byte, found both")
    asks = data_fee is not None or any(_asks_for_data(pool, costs) for pool in pools)
    return GasTerms(
        units=costs.gas_units,
        overhead=costs.gas_overhead,
        by_kind=by_kind,
        price_wei=None if costs.gas_price_wei == "live" else costs.gas_price_wei,
        priority_fee_wei=costs.priority_fee_wei,
        l1_wei_per_byte=costs.l1_wei_per_byte if costs.l1_wei_per_byte is not None or asks else 0,
        l1_bytes=costs.l1_bytes,
        data_fee=data_fee,
    )


def _asks_for_data(pool: Pool, costs: CostsSection) -> bool:
    """True if the pool's chain charges for data apart from what is stated of gas.

    Arbitrum takes it as gas: it is in stated units of gas, and costs nothing where gas is stated to cost nothing.
    """
    rule = DATA_RULES.get(pool.id.chain_id or 0)
    if rule is DataRule.ARBITRUM:
        return costs.gas_units is None and costs.gas_price_wei != 0
    return rule is not None


def _stated(l1: L1Section) -> DataFee | None:
    wanted = _L1_PRICES[:1] if l1.rule == "arbitrum" else _L1_PRICES if l1.rule is not None else ()
    prices = [getattr(l1, name) for name in wanted]
    for name in _L1_PRICES:
        if (getattr(l1, name) is not None) != (name in wanted):
            found = "one" if name not in wanted else "none"
            asked = ", ".join(wanted) or "no price without a rule"
            raise ConfigError(f"costs.l1.{name}", f"expected {asked} for rule {l1.rule!r}, found {found}")
    if not prices:
        return None
    if l1.rule == "arbitrum":
        return ArbitrumFee(prices[0])
    base_fee_wei, blob_base_fee_wei, base_fee_scalar, blob_base_fee_scalar = prices
    is_fjord = l1.rule == "fjord"
    return OptimismFee(base_fee_wei, blob_base_fee_wei, base_fee_scalar, blob_base_fee_scalar, is_fjord)
