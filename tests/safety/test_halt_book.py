"""The halts that are known, folded from the journal."""

from __future__ import annotations

import attrs

from alphapulse.data.halts import (
    GLOBAL,
    FlattenRecord,
    FlattenStage,
    HaltChange,
    HaltReport,
    HaltStep,
    KillReport,
    Level,
    Via,
)
from alphapulse.safety.halt_book import HALTS_KEPT, HaltBook
from alphapulse.safety.halt_json import bare_report, entry_json, report_json, summary_json

FLASH = "strategy:flash"


def change(halt_id: int, level: Level = Level.HALTED, scope: str = GLOBAL) -> HaltChange:
    return HaltChange(
        halt_id, halt_id + 1, scope, level, "dana", Via.LOCAL_SOCKET, "odd prices", 1_700_000_000_000_000_000
    )


def report(halted: HaltChange) -> KillReport:
    return attrs.evolve(bare_report(halted), market_ns=1_600_000_000_500_000_000)  # type: ignore[misc]  # it is one


def flatten(halt_id: int, stage: FlattenStage) -> FlattenRecord:
    return FlattenRecord(halt_id, GLOBAL, stage, "dana", Via.API, "out", 1, 0, "sold", 2)


def test_a_halt_with_its_report_flatten_and_end() -> None:
    book = HaltBook()
    for record in (change(1), report(change(1)), flatten(1, FlattenStage.BEGUN), flatten(1, FlattenStage.DONE)):
        book.take(record)
    book.take(object())
    entry = book.entry(1)
    assert entry is not None
    assert entry.ended is None
    assert entry.flatten == flatten(1, FlattenStage.DONE)
    book.take(change(1, Level.PROBATION))
    book.take(change(1, Level.ACTIVE))
    ended = book.entry(1)
    assert ended is not None
    assert ended.ended == change(1, Level.PROBATION)
    assert ended.report == report(change(1))


def test_a_stricter_halt_takes_the_place_of_one_in_force() -> None:
    book = HaltBook()
    for record in (change(1, Level.REDUCING), change(2, scope=FLASH), change(3)):
        book.take(record)
    first, other = book.entry(1), book.entry(2)
    assert first is not None
    assert other is not None
    assert first.ended == change(3)
    assert other.ended is None
    assert [entry.halted.halt_id for entry in book.newest_first()] == [3, 2, 1]


def test_a_stricter_halt_has_the_flatten_of_the_one_whose_place_it_takes() -> None:
    """It is the same halt to whoever asks whether it was flattened, also where that ends later."""
    book = HaltBook()
    for record in (change(1), flatten(1, FlattenStage.BEGUN), change(2, Level.LOCKED), flatten(1, FlattenStage.DONE)):
        book.take(record)
    assert [entry.flatten for entry in book.newest_first()] == [flatten(1, FlattenStage.DONE)] * 2


def test_a_report_of_0_1_is_shown_as_one_of_now() -> None:
    book = HaltBook()
    book.take(change(1))
    step = HaltStep("gate closed", 59, True, "epoch 2")
    book.take(HaltReport(1, GLOBAL, (step,), 2, 1, 0, ("journal",)))
    entry = book.entry(1)
    assert entry is not None
    shown = entry_json(entry)
    assert (shown["cancelled"], shown["in_flight"], shown["unknown"], shown["actor"]) == (2, 1, 0, "dana")
    assert shown["steps"] == [{"name": "gate closed", "ms": "0.059", "done": True, "text": "epoch 2"}]


def test_what_belongs_to_no_halt_that_is_known_is_passed_over() -> None:
    book = HaltBook()
    book.take(report(change(9)))
    book.take(flatten(9, FlattenStage.BEGUN))
    book.take(HaltReport(9, GLOBAL, (), 0, 0, 0, ()))
    book.take(change(9, Level.ACTIVE))
    assert book.newest_first() == []


def test_the_oldest_are_dropped() -> None:
    book = HaltBook()
    for number in range(1, HALTS_KEPT + 11):
        book.take(change(number, scope=f"strategy:s{number}"))
    assert len(book.newest_first()) == HALTS_KEPT
    assert book.entry(10) is None


def test_a_report_shows_both_clocks_and_the_path() -> None:
    shown = report_json(report(change(1)), flatten(1, FlattenStage.LOST))
    assert shown["at"] == {"ns": "1700000000000000000", "iso": "2023-11-14T22:13:20Z"}
    assert shown["market_time"] == {"ns": "1600000000500000000", "iso": "2020-09-13T12:26:40.5Z"}
    assert (shown["via"], shown["level"], shown["complete"]) == ("the local socket", "halted", False)
    assert shown["flatten"]["stage"] == "lost"
    assert report_json(bare_report(change(1)), None)["market_time"] is None


def test_a_summary_is_a_halt_in_one_line() -> None:
    book = HaltBook()
    book.take(change(1))
    (entry,) = book.newest_first()
    assert (summary_json(entry)["ended"], summary_json(entry)["report"]) == (None, False)
