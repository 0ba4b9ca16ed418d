"""Circuit breakers on what chains do: blocks that are taken back, pools that differ."""

from __future__ import annotations

import pytest

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.halts import Level
from alphapulse.data.market import StreamState
from alphapulse.data.orphans import BlocksOrphaned
from alphapulse.data.pools import Trust
from alphapulse.data.risk import BreakerAction, Severity
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.safety.alerts import quarantine_alert
from tests.execution.execution_fakes import evolved
from tests.journal.journal_samples import DAY_NS, POOL
from tests.safety.test_breakers import INSTRUMENT, ROOT, running, status, swap


def reorganised(depth: int, *, chain_id: int = 1) -> ChainReorganised:
    return ChainReorganised("day", chain_id, 100, bytes(32), 100 + depth, bytes(32), 102 + depth, bytes(32), DAY_NS)


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (32, []),
        (33, [("breaker chain_health", Level.REDUCING)]),
        (2_000, [("breaker chain_health", Level.REDUCING)]),
        (2_001, [("breaker reorganisation", Level.HALTED), ("breaker chain_health", Level.REDUCING)]),
    ],
)
async def test_how_deep_a_reorganisation_is_decides_what_stops(depth: int, expected: list[tuple[str, Level]]) -> None:
    """Beyond what the books of pools can undo the chain's venues are halted; another chain's are not concerned."""
    async with running() as bench:
        await bench.market(status(StreamState.FRESH, recorded=False), reorganised(2_001, chain_id=137))
        assert bench.switch.calls == []
        await bench.market(reorganised(depth))
        bench.breakers.look()
        assert bench.switch.calls == [("trip", "venue:ethereum", actor, level) for actor, level in expected]


async def test_a_pool_that_differs_from_the_chain_is_reduced_until_it_is_proved_anew() -> None:
    """The alert is critical and says what was found."""
    async with running() as bench:
        await bench.market(PoolTrustChanged(POOL, Trust.DIVERGENT, "reserves differ", 7))
        actor = "breaker quarantine"
        assert bench.switch.calls == [("trip", INSTRUMENT, actor, Level.REDUCING)]
        alert = quarantine_alert(bench.kept[0])
        assert alert is not None
        assert (alert.severity, alert.scope, alert.rule) == (Severity.CRITICAL, INSTRUMENT, "quarantine")
        assert alert.text == f"{POOL.name} differs from the chain at block 7: reserves differ"
        await bench.pass_time(60)
        assert len(bench.switch.calls) == 1
        await bench.market(PoolTrustChanged(POOL, Trust.PROVEN, "a new snapshot", 9))
        await bench.pass_time(1)
        assert bench.switch.calls[1:] == [("restore", INSTRUMENT, actor, Level.ACTIVE)]
        assert [quarantine_alert(one) for one in bench.kept if one.action is BreakerAction.RESUME] == [None]


async def test_a_price_of_an_orphaned_block_is_no_jump() -> None:
    """What the chain took back is not compared with what came in its place."""
    async with running() as bench:
        await bench.market(swap(ROOT, 0), reorganised(1), swap(2 * ROOT, 1))
        assert bench.switch.calls == []
        await bench.market(swap(ROOT, 2))
        assert bench.switch.calls == [("trip", INSTRUMENT, "breaker price_jump", Level.REDUCING)]


async def test_a_trip_by_an_orphaned_block_holds_and_its_cause_is_taken_back() -> None:
    """Whoever ends it is told that what it says did not happen; a trip by a block that stays is left alone."""
    told = BlocksOrphaned.of(reorganised(1), 1, cancelled=0, revoked=0, heard_ns=0)
    async with running() as bench:
        await bench.market(swap(ROOT, 0), swap(2 * ROOT, 1))
        trips = list(bench.switch.calls)
        await bench.execution(evolved(told, ancestor_number=1))
        assert bench.revoked == []
        await bench.execution(evolved(told, ancestor_number=0), evolved(told, ancestor_number=0))
        (revoked,) = bench.revoked
        assert (revoked.rule, revoked.scope, revoked.block_number) == ("price_jump", INSTRUMENT, 1)
        assert revoked.text == bench.kept[0].reason
        assert bench.switch.calls == trips
