"""What a reorganisation of a chain takes back of the books: blocks, ends of trades, alerts."""

from __future__ import annotations

from typing import Self

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.execution import Check, Fill, OrderRequest, Settlement
from alphapulse.data.risk import RiskAlert, Severity
from alphapulse.data.wire import (
    ADDRESS,
    BOOLEAN,
    HASH,
    I256,
    NAME,
    SENTENCE,
    U32,
    U64,
    U256,
    Choice,
    Domain,
    message,
    wire,
)


@message(type=51, domain=Domain.EXECUTION)
class BlocksOrphaned:
    """The books heard of a reorganisation: whatever rests on a block behind the ancestor is taken back.

    It stands in the journal before the records of what was taken back.
    """

    run: int = wire(U32, "run of the books")
    chain_id: int = wire(U64)
    ancestor_number: int = wire(U64, "newest block that stays")
    ancestor_hash: bytes = wire(HASH)
    old_head_number: int = wire(U64, "newest block that was taken back")
    old_head_hash: bytes = wire(HASH)
    new_head_number: int = wire(U64, "newest block of the new chain")
    new_head_hash: bytes = wire(HASH)
    cancelled: int = wire(U32, "intents that are cancelled, as they were seen on an orphaned block")
    revoked: int = wire(U32, "fills and failures on orphaned blocks that are taken back")
    venue_time_ns: int = wire(U64, "timestamp of the new head", unit="ns since 1970 UTC")
    heard_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)

    @classmethod
    def of(cls, event: ChainReorganised, run: int, *, cancelled: int, revoked: int, heard_ns: int) -> Self:
        """What the books of `run` make of a reorganisation."""
        return cls(
            run=run,
            chain_id=event.chain_id,
            ancestor_number=event.ancestor_number,
            ancestor_hash=event.ancestor_hash,
            old_head_number=event.old_head_number,
            old_head_hash=event.old_head_hash,
            new_head_number=event.new_head_number,
            new_head_hash=event.new_head_hash,
            cancelled=cancelled,
            revoked=revoked,
            venue_time_ns=event.venue_time_ns,
            heard_ns=heard_ns,
        )


@message(type=52, domain=Domain.EXECUTION)
class SettlementRevoked:
    """A fill, or a failure that cost gas, lay on a block that was orphaned: what was booked for it is taken back.

    Amounts are those that were booked, in raw units of the profit token. `reopened`: the state that the trade was
    decided on is still part of the chain, so the intent waits for its end once more; otherwise it has ended for good.
    """

    run: int = wire(U32)
    intent_id: int = wire(U64)
    signal_id: int = wire(U64)
    strategy: str = wire(NAME)
    chain_id: int = wire(U64)
    block_number: int = wire(U64, "position of what is taken back: block")
    log_index: int = wire(U32, "position of what is taken back: log")
    venue_time_ns: int = wire(U64, "market clock under which it was booked", unit="ns since 1970 UTC")
    profit_token: bytes = wire(ADDRESS)
    filled: bool = wire(BOOLEAN, "1 if a fill is taken back, 0 if a failure is")
    gross: int = wire(I256, unit="raw profit token")
    pool_fees: int = wire(U256, unit="raw profit token")
    flash_fee: int = wire(U256, unit="raw profit token")
    gas_wei: int = wire(U256, unit="wei")
    gas_cost: int = wire(U256, unit="raw profit token")
    reopened: bool = wire(BOOLEAN, "1 if the intent waits for its end once more")
    times: int = wire(U32, "how often an end of this intent was taken back, this one included")
    ancestor_number: int = wire(U64, "newest block that stays")
    text: str = wire(SENTENCE, "what happened, in words")
    revoked_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)

    @classmethod
    def of(
        cls,
        intent: OrderRequest,
        settlement: Settlement,
        ancestor_number: int,
        *,
        times: int,
        text: str,
        revoked_ns: int,
        reopened: bool | None = None,
    ) -> Self:
        """What takes back the `settlement` of an intent.

        The intent is open again if the block that it saw stays, or as `reopened` says: a transaction that was sent can
        come into any later block.
        """
        fill = settlement if isinstance(settlement, Fill) else None
        return cls(
            run=intent.run,
            intent_id=intent.intent_id,
            signal_id=intent.signal_id,
            strategy=intent.strategy,
            chain_id=intent.chain_id,
            block_number=settlement.block_number,
            log_index=settlement.log_index,
            venue_time_ns=settlement.venue_time_ns,
            profit_token=settlement.profit_token,
            filled=fill is not None,
            gross=fill.gross if fill is not None else 0,
            pool_fees=fill.pool_fees if fill is not None else 0,
            flash_fee=fill.flash_fee if fill is not None else 0,
            gas_wei=settlement.gas_wei,
            gas_cost=settlement.gas_cost,
            reopened=intent.block_number <= ancestor_number if reopened is None else reopened,
            times=times,
            ancestor_number=ancestor_number,
            text=text,
            revoked_ns=revoked_ns,
        )

    @property
    def profit(self) -> int:
        """What had been added to the holding of the token: profit less flash fee; 0 for a failure."""
        return self.gross - self.pool_fees - self.flash_fee

    @property
    def net(self) -> int:
        """What had been booked net of all costs."""
        return self.profit - self.gas_cost


@message(type=54, domain=Domain.EXECUTION)
class RefusalsRevoked:
    """Signals that the gate refused were seen on orphaned blocks: there was nothing to refuse."""

    run: int = wire(U32)
    strategy: str = wire(NAME)
    profit_token: bytes = wire(ADDRESS)
    venue_time_ns: int = wire(U64, "market clock of one of them; all are of its UTC day", unit="ns since 1970 UTC")
    failed: Check = wire(Choice(Check), "the check that refused them")
    count: int = wire(U32, "how many")
    chain_id: int = wire(U64)
    ancestor_number: int = wire(U64, "newest block that stays")
    revoked_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)


@message(type=53, domain=Domain.EXECUTION)
class AlertRevoked:
    """An alert arose from a block that was orphaned: what it says did not happen on the chain that there is now."""

    severity: Severity = wire(Choice(Severity), "of the alert")
    scope: str = wire(NAME, "of the alert")
    rule: str = wire(NAME, "of the alert")
    text: str = wire(SENTENCE, "of the alert")
    raised_ns: int = wire(U64, "of the alert, wall clock", unit="ns since 1970 UTC")
    chain_id: int = wire(U64)
    block_number: int = wire(U64, "the orphaned block that gave rise to it")
    ancestor_number: int = wire(U64, "newest block that stays")
    revoked_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)

    @classmethod
    def of(cls, alert: RiskAlert, orphaned: BlocksOrphaned, block_number: int, *, revoked_ns: int) -> Self:
        """What takes an alert back that arose from `block_number`."""
        return cls(
            severity=alert.severity,
            scope=alert.scope,
            rule=alert.rule,
            text=alert.text,
            raised_ns=alert.raised_ns,
            chain_id=orphaned.chain_id,
            block_number=block_number,
            ancestor_number=orphaned.ancestor_number,
            revoked_ns=revoked_ns,
        )
