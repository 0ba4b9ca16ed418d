"""Random days of trading on a chain that takes blocks back, beside the day that had only the surviving blocks.

The records are what the books write; the surviving day is written down by hand of what is left.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import attrs

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.execution import Check, OrderRequest, Outcome, RiskDecision, Settlement
from alphapulse.data.orphans import BlocksOrphaned, RefusalsRevoked, SettlementRevoked
from alphapulse.rules.accounting.profit_and_loss import NS_PER_DAY
from alphapulse.rules.accounting.undoable_trades import UndoableTrades
from tests.execution.execution_fakes import evolved
from tests.journal.journal_samples import DAY_NS, USDC, WETH, decision, fill, intent, report, run_started, signal

CHAIN = 1
STRATEGIES = ("flash", "other")
BLOCK_NS = 3 * 3_600 * 10**9
"""Eight blocks a day, so that days change often."""


@attrs.define
class Block:
    """What was decided on a block's state, and which trades ended in it."""

    number: int
    decided: list[object] = attrs.field(factory=list)
    ended: list[Settlement] = attrs.field(factory=list)


@attrs.define
class ReorganisedDay:
    """`records` is the day as the journal has it, `surviving` the one that had only the blocks that are left."""

    records: list[object]
    blocks: list[Block]

    @property
    def surviving(self) -> list[object]:
        """What stands on the blocks of the chain at the end."""
        return [run_started(), *(one for block in self.blocks for one in (*block.ended, *block.decided))]


def reorganised_day(seed: int, steps: int = 40) -> ReorganisedDay:
    """One day; each seed another."""
    return _Maker(random.Random(seed)).make(steps)


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._records: list[object] = [run_started()]
        self._blocks = [Block(100)]
        self._trades = UndoableTrades()
        self._due: dict[int, int] = {}
        self._refused: list[tuple[int, RiskDecision]] = []
        self._next_id = 1

    def make(self, steps: int) -> ReorganisedDay:
        for _ in range(steps):
            if self._chance.random() < 0.25 and len(self._blocks) > 1:
                self._reorganise(self._chance.randint(1, min(8, len(self._blocks) - 1)))
            else:
                self._block()
        return ReorganisedDay(self._records, self._blocks)

    def _block(self) -> None:
        block = Block(self._blocks[-1].number + 1)
        self._blocks.append(block)
        for trade in sorted(self._trades.open.values(), key=lambda one: one.intent_id):
            if self._due[trade.intent_id] <= block.number:
                block.ended.append(self._end(trade, block.number))
        for settlement in block.ended:
            self._trades.take(settlement)
        for _ in range(self._chance.choice((0, 1, 1, 2, 3))):
            block.decided += self._decide(block.number)
        self._records += [*block.ended, *block.decided]

    def _decide(self, number: int) -> Iterator[object]:
        chance = self._chance
        name, signal_id, at_ns = chance.choice(STRATEGIES), self._next_id, DAY_NS + (number - 100) * BLOCK_NS
        token = chance.choice((USDC, WETH))
        self._next_id += 1
        place = {"block_number": number, "chain_id": CHAIN, "venue_time_ns": at_ns, "profit_token": token}
        yield evolved(signal(signal_id, strategy=name), **place)
        verdict = evolved(decision(signal_id, strategy=name), venue_time_ns=at_ns, profit_token=token)
        if chance.random() < 0.4:
            verdict = evolved(verdict, failed=chance.choice((Check.DUPLICATE, Check.MIN_NET_PROFIT)))
            self._refused.append((number, verdict))
            yield verdict
            return
        yield evolved(verdict, failed=None)
        wanted = evolved(intent(signal_id, strategy=name), **place, size=chance.randrange(1, 10**9))
        self._trades.take(wanted)
        self._due[signal_id] = number + chance.choice((1, 1, 2, 4))
        yield wanted

    def _end(self, wanted: OrderRequest, number: int) -> Settlement:
        name, chance = wanted.strategy, self._chance
        place = {"block_number": number, "venue_time_ns": wanted.venue_time_ns, "profit_token": wanted.profit_token}
        if chance.random() < 0.3:
            return evolved(report(wanted.signal_id, strategy=name, gas_cost=chance.randrange(100)), **place)
        return evolved(fill(wanted.signal_id, strategy=name, gross=chance.randrange(-2_000, 2_000)), **place)

    def _reorganise(self, depth: int) -> None:
        head, ancestor = self._blocks[-1].number, self._blocks[-1].number - depth
        event = ChainReorganised("chain", CHAIN, ancestor, bytes(32), head, bytes(32), head, bytes(32), DAY_NS)
        ended = self._trades.orphaned_ends(CHAIN, ancestor)
        gone = [one for one in self._trades.open.values() if one.block_number > ancestor]
        revoked = [
            SettlementRevoked.of(
                trade.intent, trade.settlement, ancestor, times=trade.times + 1, text="orphaned", revoked_ns=0
            )
            for trade in ended
        ]
        reports = [
            evolved(
                report(one.signal_id, strategy=one.strategy, token=one.profit_token, gas_cost=0),
                outcome=Outcome.ORPHANED,
                gas_wei=0,
            )
            for one in gone
        ]
        told = BlocksOrphaned.of(event, 1, cancelled=len(reports), revoked=len(revoked), heard_ns=0)
        for one in (*revoked, *reports):
            self._trades.take(one)
        refused = [verdict for number, verdict in self._refused if number > ancestor]
        self._refused = [one for one in self._refused if one[0] <= ancestor]
        self._records += [told, *revoked, *reports, *(_taken_back(verdict, ancestor) for verdict in refused)]
        del self._blocks[-depth:]


def _taken_back(verdict: RiskDecision, ancestor: int) -> RefusalsRevoked:
    assert verdict.failed is not None
    return RefusalsRevoked(
        run=verdict.run,
        strategy=verdict.strategy,
        profit_token=verdict.profit_token,
        venue_time_ns=verdict.venue_time_ns // NS_PER_DAY * NS_PER_DAY,
        failed=verdict.failed,
        count=1,
        chain_id=CHAIN,
        ancestor_number=ancestor,
        revoked_ns=0,
    )
