"""What live trading is made of by the configuration, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from alphapulse.composition.cost_reading import BALANCER_VAULT
from alphapulse.composition.costs import loan_terms
from alphapulse.composition.environment import DataPaths
from alphapulse.composition.signing import address_at, signer_terms_of
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.errors import ConfigError
from alphapulse.execution.chain.trade_making import TradeTerms
from alphapulse.execution.chain.transaction_plan import SenderTerms
from alphapulse.rules.arbitrage.flash_loan import LoanSource
from alphapulse.rules.execution.path_planning import FundingTerms
from alphapulse.rules.transactions.fees import FeeTerms
from alphapulse.signing.signer_terms import SignerTerms

TIP_FLOORS_WEI: Mapping[int, int] = {137: 25_000_000_000}
"""Least tips that chains demand, per gas, by chain id: Polygon's nodes take no less (Bor, `txpool.pricelimit`)."""


@attrs.frozen
class WalletTerms:
    """One wallet of the configuration."""

    name: str
    executor: bytes
    signer: SignerTerms


@attrs.frozen
class LiveTerms:
    """How intents are made transactions, by whom they are signed, and how they are sent."""

    collector: str
    section: EvmSection
    trades: TradeTerms
    sender: SenderTerms
    wallets: tuple[WalletTerms, ...]


def lacks(config: Config) -> Iterator[str]:
    """What the configuration does not say and live trading needs, in words."""
    if not any(isinstance(section, EvmSection) for section in config.collectors.values()):
        yield 'a collector of kind "evm": a recording cannot be traded on'
    if not config.wallets:
        yield "[wallets.NAME]: an account that signs"
    if config.execution.tip_cap_wei is None:
        yield "[execution] tip_cap_wei: the most tip"
    if config.execution.cap_wei is None:
        yield "[execution] cap_wei: the most per gas"


def live_terms(config: Config, paths: DataPaths) -> LiveTerms:
    """The terms of a configuration that `lacks` nothing.

    Raises:
        ConfigError: what it says cannot be meant.
    """
    ((name, section),) = config.collectors.items()
    if not isinstance(section, EvmSection):
        raise ConfigError(f"collectors.{name}.kind", 'expected "evm", as a recording cannot be traded on')
    fees, execution = _fees(section.chain_id, config), config.execution
    return LiveTerms(
        collector=name,
        section=section,
        trades=TradeTerms(section.chain_id, fees.of_trades, execution.deadline_blocks, dict(_funding(config))),
        sender=SenderTerms(
            section.chain_id,
            fees,
            most_unmined=execution.most_unmined,
            resend_s=execution.resend_s,
            bump_after_blocks=execution.bump_after_blocks,
        ),
        wallets=tuple(
            WalletTerms(
                one,
                address_at(f"wallets.{one}.executor", wallet.executor),
                signer_terms_of(one, config, section.chain_id, paths),
            )
            for one, wallet in config.wallets.items()
        ),
    )


def _fees(chain_id: int, config: Config) -> FeeTerms:
    execution = config.execution
    floor_wei = execution.tip_floor_wei
    if floor_wei is None:
        floor_wei = TIP_FLOORS_WEI.get(chain_id)
    if floor_wei is None:
        raise ConfigError("execution.tip_floor_wei", f"expected the least tip that chain {chain_id} takes, found none")
    if execution.tip_cap_wei is None or execution.cap_wei is None:
        raise ConfigError("execution.cap_wei", "expected it and tip_cap_wei, found no such key")
    try:
        return FeeTerms(floor_wei, execution.tip_cap_wei, execution.cap_wei, execution.bid_share_ppm)
    except ValueError as error:
        raise ConfigError("execution", f"tip_floor_wei {floor_wei}: {error}") from error


def _funding(config: Config) -> Iterator[tuple[str, FundingTerms]]:
    """Whose money each strategy uses. Raises ConfigError for a way in that the executor contract does not have."""
    section = config.strategies.flash_arbitrage
    if section is None or not section.enabled:
        return
    source = loan_terms(section, live=True).source
    text = None
    if source is LoanSource.BALANCER:
        text = _lender("balancer_vault", config.execution.balancer_vault or BALANCER_VAULT)
    elif source is LoanSource.AAVE:
        text = _lender("aave_pool", config.execution.aave_pool)
    terms = FundingTerms(source, text)
    try:
        terms.funding()
    except ValueError as error:
        raise ConfigError("strategies.flash_arbitrage.flash_loan", str(error)) from error
    if source is LoanSource.STATED and section.flash_fee_ppm:
        raise ConfigError(
            "strategies.flash_arbitrage.flash_fee_ppm", "expected none, as a wallet that trades its own pays no fee"
        )
    yield "flash_arbitrage", terms


def _lender(key: str, text: str | None) -> bytes:
    if text is None:
        raise ConfigError(f"execution.{key}", "expected the address of the lender, found no such key")
    return address_at(f"execution.{key}", text)
