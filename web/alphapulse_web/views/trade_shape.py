"""A trade in the shape of the API: expected beside actual, leg by leg."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from alphapulse.composition.terms import tokens_of
from alphapulse.data.chains import CHAINS, UNNAMED_COIN
from alphapulse.data.execution import Fill, OrderRequest
from alphapulse.data.pools import Pool
from alphapulse.data.signals import Leg
from alphapulse.data.transactions import FailureFinding
from alphapulse.journal.transaction_reader import ReportRow, TradeRow, TransactionRow
from alphapulse.rules.discovery.pool_directory import PoolDirectory
from alphapulse_web.api.transaction_shapes import (
    CauseWord,
    Finding,
    OutcomeWord,
    Trade,
    TradeGas,
    TradeIntent,
    TradeLeg,
    TradeToken,
    TransactionView,
)
from alphapulse_web.views.transaction_shape import hex_text, maybe_text


def coin_of(chain_id: int) -> str:
    """The symbol of a chain's own coin, which no contract tells."""
    chain = CHAINS.get(chain_id)
    return chain.coin if chain is not None else UNNAMED_COIN


class TradeShapes:
    """Makes shapes of trades. A token or pool that is not known now has its address for a name, and no decimals."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._pools = PoolDirectory.of(pools).by_id
        self._tokens = tokens_of(pools)

    def shape(self, trade: TradeRow, sent: Sequence[TransactionRow], shown: list[TransactionView]) -> Trade:
        """The trade with the transactions that carried it, newest first."""
        intent, ending = trade.intent, trade.ending
        actual = ending.legs if isinstance(ending, Fill) else ()
        return Trade(
            intent=self._intent(intent),
            legs=[self._leg(leg, actual[at] if at < len(actual) else None) for at, leg in enumerate(intent.legs)],
            expected_net=str(intent.expected_net),
            actual_net=maybe_text(_actual_net(ending)),
            gas=_gas(ending, sent),
            outcome=_outcome(trade),
            text=_text(trade),
            transactions=shown,
            finding=_finding(trade.finding) if trade.finding is not None else None,
        )

    def _intent(self, intent: OrderRequest) -> TradeIntent:
        return TradeIntent(
            id=str(intent.intent_id),
            run=intent.run,
            signal_id=str(intent.signal_id),
            strategy=intent.strategy,
            mode="live" if intent.mode.name == "LIVE" else "paper",
            chain_id=intent.chain_id,
            coin=coin_of(intent.chain_id),
            block_number=intent.block_number,
            log_index=intent.log_index,
            created_ns=str(intent.created_ns),
            token=self._token(intent.profit_token),
            size=str(intent.size),
            minimum_profit=str(intent.minimum_profit),
            flash_fee=str(intent.flash_fee),
            gas_wei=str(intent.gas_wei),
            gas_cost=str(intent.gas_cost),
        )

    def _leg(self, expected: Leg, actual: Leg | None) -> TradeLeg:
        sold, bought = self._token(expected.token_in), self._token(expected.token_out)
        pool = self._pools.get(expected.pool)
        return TradeLeg(
            pool=expected.pool.name,
            pool_name=pool.name if pool is not None else expected.pool.name,
            token_in=sold.address,
            token_out=bought.address,
            symbol_in=sold.symbol,
            symbol_out=bought.symbol,
            decimals_in=sold.decimals,
            decimals_out=bought.decimals,
            expected_in=str(expected.amount_in),
            expected_out=str(expected.amount_out),
            actual_in=None if actual is None else str(actual.amount_in),
            actual_out=None if actual is None else str(actual.amount_out),
        )

    def _token(self, address: bytes) -> TradeToken:
        token = self._tokens.get(address)
        text = hex_text(address)
        return TradeToken(
            address=text,
            symbol=token.symbol if token is not None else text,
            decimals=token.decimals if token is not None else None,
        )


def _actual_net(ending: Fill | ReportRow | None) -> int | None:
    if ending is None:
        return None
    return ending.net if isinstance(ending, Fill) else -ending.gas_cost


def _gas(ending: Fill | ReportRow | None, sent: Sequence[TransactionRow]) -> TradeGas:
    """Of the transaction that came into a block, else of the newest."""
    mined = next((row.standing for row in sent if row.standing.gas_used is not None), None)
    newest = mined if mined is not None else sent[0].standing if sent else None
    return TradeGas(
        limit=None if newest is None else str(newest.signed.gas_limit),
        used=None if newest is None else maybe_text(newest.gas_used),
        price_wei=None if newest is None else maybe_text(newest.gas_price_wei),
        wei=None if ending is None else str(ending.gas_wei),
        cost=None if ending is None else str(ending.gas_cost),
    )


def _outcome(trade: TradeRow) -> OutcomeWord | None:
    if trade.ending is None:
        return "orphaned" if trade.orphaned else None
    return "traded" if isinstance(trade.ending, Fill) else cast(OutcomeWord, trade.ending.outcome.name.lower())


def _text(trade: TradeRow) -> str:
    if trade.ending is None:
        return "the block that it saw was orphaned" if trade.orphaned else ""
    return trade.ending.assumption if isinstance(trade.ending, Fill) else trade.ending.text


def _finding(finding: FailureFinding) -> Finding:
    return Finding(
        cause=cast(CauseWord, finding.cause.name.lower()),
        reason=finding.reason,
        text=finding.text,
        expected=maybe_text(finding.expected),
        found=maybe_text(finding.found),
        taken_by=None if finding.taken_by is None else hex_text(finding.taken_by),
    )
