"""Who was cut off from a relay, and who was not let in, stands in the audit of the books' process."""

from __future__ import annotations

from pathlib import Path

import trio
from trio.testing import wait_all_tasks_blocked

from alphapulse.composition.link_audit import QUIET_NS, WAITING, LinkAudit, LinkNotices
from alphapulse.data.links import LinkCondition, LinkStatus
from alphapulse.data.risk import RiskAlert, Severity
from alphapulse.data.runs import AuditTrail
from alphapulse.data.wire import Domain
from alphapulse.journal.journal import Journal
from alphapulse.relays.bus import Bus
from tests.daemon.books import records
from tests.execution.execution_fakes import evolved
from tests.fakes.inline_blocking import run_inline


def status(condition: LinkCondition, text: str) -> LinkStatus:
    return LinkStatus("market_data", Domain.MARKET_DATA, "strategy", condition, 0, 0, 7, text, 1)


CUT = status(LinkCondition.CUT, "too slow")


async def test_a_cut_is_audited_once_in_a_while(tmp_path: Path) -> None:
    bus, times, path = Bus(), [0], tmp_path / "journal"
    async with (
        Journal.open(path, now_ns=lambda: times[0], run_blocking=run_inline) as journal,
        trio.open_nursery() as nursery,
    ):
        notices = LinkNotices(bus)
        await nursery.start(LinkAudit(bus, journal, now_ns=lambda: times[0]).run)
        await nursery.start(notices.run)
        for passed_ns in (0, 1, QUIET_NS):
            times[0] += passed_ns
            notices.offer(CUT)
            await wait_all_tasks_blocked()
        notices.offer(status(LinkCondition.REFUSED, "mixed builds"))
        notices.offer(status(LinkCondition.STALE, "nothing was heard"))
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    found = records(path, AuditTrail)
    assert [(one.actor, one.action, one.target, one.reason) for one in found] == [
        ("relay market_data", "link.cut", "strategy", "too slow"),
        ("relay market_data", "link.cut", "strategy", "too slow"),
        ("relay market_data", "link.refused", "strategy", "mixed builds"),
    ]


async def test_who_falls_behind_raises_an_alert_once_in_a_while(tmp_path: Path) -> None:
    """However often a relay says so: on a link that is slow already, each message more would make it worse."""
    bus, now_ns, path = Bus(), 5, tmp_path / "journal"
    slow = status(LinkCondition.SLOW, "2048 messages wait for it, half of what may")
    async with (
        Journal.open(path, now_ns=lambda: now_ns, run_blocking=run_inline) as journal,
        trio.open_nursery() as nursery,
    ):
        notices = LinkNotices(bus)
        await nursery.start(LinkAudit(bus, journal, now_ns=lambda: now_ns).run)
        await nursery.start(notices.run)
        with bus.execution.subscribe("test") as subscription:
            for at_ns in (1, 2, 3, QUIET_NS):
                notices.offer(evolved(slow, at_ns=at_ns))
                await wait_all_tasks_blocked()
            told = await subscription.receive()
            now_ns += QUIET_NS
            notices.offer(evolved(slow, at_ns=QUIET_NS + 1))
            await wait_all_tasks_blocked()
            later = await subscription.receive()
        nursery.cancel_scope.cancel()
    assert [type(one) for one in told + later] == [LinkStatus, RiskAlert] * 2
    alert = told[1]
    assert isinstance(alert, RiskAlert)
    assert (alert.severity, alert.scope, alert.rule) == (Severity.WARNING, "global", "link_slow")
    assert alert.text.startswith("strategy falls behind on the relay market_data: 2048 messages wait for it")
    assert records(path, AuditTrail) == []


async def test_notices_that_nobody_takes_are_bounded() -> None:
    bus = Bus()
    notices = LinkNotices(bus)
    for _ in range(WAITING + 10):
        notices.offer(CUT)
    with bus.execution.subscribe("test") as subscription:
        async with trio.open_nursery() as nursery:
            await nursery.start(notices.run)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert len(await subscription.receive()) == WAITING
