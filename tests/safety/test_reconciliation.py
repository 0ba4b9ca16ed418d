"""Reconciliation: a difference that stays halts, one that passes does not."""

from __future__ import annotations

import attrs
import trio
from trio.testing import MockClock

from alphapulse.rules.accounting.agreement import BookView
from alphapulse.safety.reconciliation import Reconciliation

EMPTY = BookView(frozenset(), {})


@attrs.define
class Parts:
    """Journal and portfolio that say what the test wants, and what came of it."""

    journal: BookView | None = EMPTY
    portfolio: BookView | None = EMPTY
    ledger: BookView | None = None
    trips: list[tuple[float, str]] = attrs.field(factory=list)
    rounds: list[tuple[float, int]] = attrs.field(factory=list)

    def reconciliation(self) -> Reconciliation:
        return Reconciliation(
            {"journal": lambda: self.journal, "portfolio": lambda: self.portfolio},
            {"ledger": self.ask_ledger},
            lambda reason: self.trips.append((trio.current_time(), reason)),
            lambda found: self.rounds.append((trio.current_time(), len(found))),
        )

    async def ask_ledger(self) -> BookView | None:
        await trio.lowlevel.checkpoint()
        return self.ledger


def holding(*intents: int) -> BookView:
    return BookView(frozenset(intents), {})


async def test_a_mismatch_at_the_start_halts_after_three_rounds(autojump_clock: MockClock) -> None:
    parts = Parts(journal=holding(7))
    reconciliation = parts.reconciliation()
    assert reconciliation.precondition()[1] is False
    with trio.move_on_after(100):
        await reconciliation.run()
    assert parts.trips == [
        (2.0, "the books do not agree: intent 7 is open in the journal and not in the portfolio"),
    ]


async def test_what_is_on_its_way_is_no_mismatch(autojump_clock: MockClock) -> None:
    """In each round another intent is between journal and portfolio."""
    parts = Parts()
    reconciliation = parts.reconciliation()
    async with trio.open_nursery() as nursery:
        await nursery.start(reconciliation.run)
        for number in range(200):
            parts.journal = holding(number)
            await trio.sleep(0.9)
        nursery.cancel_scope.cancel()
    assert parts.trips == []
    assert parts.rounds[:4] == [(0.0, 0), (30.0, 1), (31.0, 0), (61.0, 1)]


async def test_each_round_is_told_with_what_has_stayed(autojump_clock: MockClock) -> None:
    parts = Parts(journal=holding(7))
    with trio.move_on_after(32.5):
        await parts.reconciliation().run()
    assert parts.rounds == [(0.0, 1), (1.0, 1), (2.0, 1), (32.0, 1)]


async def test_it_is_compared_every_thirty_seconds_and_tripped_once(autojump_clock: MockClock) -> None:
    parts = Parts()
    reconciliation = parts.reconciliation()
    async with trio.open_nursery() as nursery:
        await nursery.start(reconciliation.run)
        await trio.sleep(10)
        parts.portfolio = holding(7)
        await trio.sleep(100)
        assert [at for at, _ in parts.trips] == [32.0]
        assert reconciliation.precondition()[1:] == (
            False,
            "intent 7 is open in the portfolio and not in the journal",
        )
        parts.portfolio = holding()
        assert reconciliation.precondition()[1] is False, "the ledger was not asked since"
        await trio.sleep(31)
        assert reconciliation.precondition() == ("reconciliation", True, "they agree")
        parts.portfolio = holding(8)
        await trio.sleep(40)
        assert len(parts.trips) == 2
        nursery.cancel_scope.cancel()


async def test_the_ledger_is_held_to_the_journal_too(autojump_clock: MockClock) -> None:
    parts = Parts(ledger=BookView(None, {("flash", b"\1" * 20): 5}))
    with trio.move_on_after(10):
        await parts.reconciliation().run()
    (trip,) = parts.trips
    assert "net of flash" in trip[1]
    assert "0 in the journal, 5 in the ledger" in trip[1]


async def test_a_part_that_is_behind_has_no_say(autojump_clock: MockClock) -> None:
    parts = Parts(journal=holding(7), portfolio=None)
    reconciliation = parts.reconciliation()
    with trio.move_on_after(100):
        await reconciliation.run()
    assert parts.trips == []
    assert reconciliation.precondition()[1] is True


async def test_many_differences_are_counted_and_a_few_shown(autojump_clock: MockClock) -> None:
    parts = Parts(journal=holding(*range(20)))
    with trio.move_on_after(10):
        await parts.reconciliation().run()
    assert parts.trips[0][1].endswith("and 15 more")
