"""A stored sweep: whole at any moment, summed by combination, and honest about what it was fitted on."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from alphapulse.errors import EvidenceError, OutputError
from alphapulse.studies.sweep_file import (
    AxisHead,
    SpanHead,
    StoredSweep,
    SweepEnd,
    SweepHead,
    SweepRun,
    SweepWriter,
    read_sweep,
)
from alphapulse.studies.sweep_table import csv_lines, fitted_on, rows_of, uncounted

HEAD = SweepHead(
    sweep=1,
    created="2026-01-01T00:00:00+00:00",
    axes=(AxisHead("a.b", ("1", "2")),),
    recordings=("day",),
    spans=(SpanHead("monday", "fit"), SpanHead("tuesday", "test")),
    token="0xaa",
    symbol="USDC",
    decimals=6,
    runs=4,
)


def run(value: str, span: str, net: int, problem: str | None = None) -> SweepRun:
    kind: Literal["fit", "test"] = "fit" if span == "monday" else "test"
    settings, nets = {"a.b": value}, {"0xaa": str(net)}
    return SweepRun(settings=settings, recording="day", span=span, kind=kind, trades=1, net=nets, problem=problem)


RUNS = (run("1", "monday", 10), run("1", "tuesday", 1), run("2", "monday", 7), run("2", "tuesday", 9))


def test_what_is_written_is_read_again_also_in_the_middle(tmp_path: Path) -> None:
    """Line by line; without its last line it was ended, and half a line does not count."""
    path = tmp_path / "data" / "sweeps" / "x.jsonl"
    writer = SweepWriter(path, HEAD)
    assert {folder.stat().st_mode & 0o777 for folder in path.parents[:2]} == {0o700}
    for one in RUNS[:3]:
        writer.put(one)
    assert read_sweep(path) == StoredSweep(head=HEAD, runs=RUNS[:3], end=None)
    writer.put(RUNS[3])
    writer.put(SweepEnd(finished=True, elapsed_s=5))
    writer.close()
    assert read_sweep(path) == StoredSweep(head=HEAD, runs=RUNS, end=SweepEnd(finished=True, elapsed_s=5))
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b'{"finished"') - 20])
    assert read_sweep(path).runs == RUNS[:3]
    with pytest.raises(OutputError, match="File exists"):
        SweepWriter(path, HEAD)


@pytest.mark.parametrize("text", ["", "{}", '{"sweep":1}\n', "no sweep\n"])
def test_what_is_no_sweep_is_refused(tmp_path: Path, text: str) -> None:
    """With the file's name."""
    path = tmp_path / "x"
    path.write_text(text)
    with pytest.raises(EvidenceError, match="expected the lines of a sweep"):
        read_sweep(path)


def test_the_best_is_chosen_by_what_was_fitted() -> None:
    """What happened out of sample chooses nothing, whatever it earned."""
    first, second = rows_of(StoredSweep(head=HEAD, runs=RUNS, end=None))
    assert (first.settings, first.fit.net, first.test.net, first.best) == ({"a.b": "1"}, 10, 1, True)
    assert (second.settings, second.fit.net, second.test.net, second.best) == ({"a.b": "2"}, 7, 9, False)


def test_a_combination_with_a_gap_is_never_the_best() -> None:
    """One replay that failed or was not done, and the row is incomplete and stands behind the others."""
    failed = (run("1", "monday", 10, "the disk is full"), *RUNS[1:])
    for runs in (failed, RUNS[1:]):
        last = rows_of(StoredSweep(head=HEAD, runs=runs, end=None))[-1]
        assert (last.settings, last.complete, last.best) == ({"a.b": "1"}, False, False)


def test_what_was_earned_in_other_tokens_is_told() -> None:
    """Amounts of two tokens are never added up; a row that leaves one out says so."""
    stored = StoredSweep(head=HEAD, runs=RUNS, end=None)
    assert uncounted(stored) is None
    other = SweepRun(settings={"a.b": "2"}, recording="day", span="monday", kind="fit", net={"0xaa": "1", "0xbb": "5"})
    text = uncounted(StoredSweep(head=HEAD, runs=(*RUNS, other), end=None))
    assert text == "not counted is what was earned in 0xbb: rows compare USDC only"


def test_the_table_says_what_was_fitted_on_which_days() -> None:
    """In words, and in each line of the CSV."""
    stored = StoredSweep(head=HEAD, runs=RUNS, end=None)
    assert fitted_on(stored) == "fitted on monday; tested out of sample on tuesday"
    lines = list(csv_lines(stored))
    assert lines[0][:4] == ["a.b", "recording", "span", "kind"]
    assert lines[1] == ["1", "day", "monday", "fit", "0", "1", "0", "0", "10", ""]
