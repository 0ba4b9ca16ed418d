"""Stored sweeps: newest first, whatever else lies in the folder, and by names that lead nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from alphapulse.studies.sweep_file import SUFFIX, SweepEnd, SweepWriter
from alphapulse_web.views.sweeps_view import SweepsView
from tests.studies.test_sweep_table import HEAD, RUNS


def folder(tmp_path: Path) -> Path:
    """Two sweeps, one of which was ended, and a file that is none."""
    for name, runs in (("2026-01-01", RUNS), ("2026-01-02", RUNS[:1])):
        writer = SweepWriter(tmp_path / f"{name}{SUFFIX}", HEAD)
        for run in runs:
            writer.put(run)
        writer.put(SweepEnd(finished=len(runs) == HEAD.runs, elapsed_s=5))
        writer.close()
    (tmp_path / f"broken{SUFFIX}").write_text("{}")
    (tmp_path / "other.txt").write_text("x")
    return tmp_path


def test_the_list_says_what_was_fitted_and_whether_it_was_done(tmp_path: Path) -> None:
    """Newest first; a file that cannot be read is named."""
    shown = SweepsView(folder(tmp_path)).sweeps()
    assert [(one.name, one.done, one.runs, one.finished) for one in shown.sweeps] == [
        ("2026-01-02", 1, 4, False),
        ("2026-01-01", 4, 4, True),
    ]
    assert shown.sweeps[0].fitted == "fitted on monday; tested out of sample on tuesday"
    assert shown.unreadable == [f"broken{SUFFIX}"]
    assert SweepsView(tmp_path / "nowhere").sweeps().sweeps == []


def test_a_sweep_has_its_rows(tmp_path: Path) -> None:
    """Best of the fitted first, with what it earned out of sample."""
    shown = SweepsView(folder(tmp_path)).sweep("2026-01-01")
    assert [(row.settings, row.fit.net.raw, row.best) for row in shown.rows] == [
        ({"a.b": "1"}, "10", True),
        ({"a.b": "2"}, "7", False),
    ]
    assert shown.rows[0].test is not None
    assert (shown.rows[0].test.net.raw, shown.elapsed_s) == ("1", "5")


@pytest.mark.parametrize("name", ["2026-01-03", "../2026-01-01", "", ".", "a" * 200, "broken", "2026-01-01\n"])
def test_a_name_leads_into_the_folder_or_nowhere(tmp_path: Path, name: str) -> None:
    """What is no stored sweep is not found."""
    with pytest.raises(LookupError):
        SweepsView(folder(tmp_path)).sweep(name)
