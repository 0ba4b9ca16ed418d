"""`alphapulse score`, as a user calls it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from click.testing import CliRunner

from alphapulse.cli.main import main

KNOWN = Path(__file__).parents[1] / "vectors" / "score"


def test_known_answers_are_scored_as_text_and_as_json() -> None:
    """Counts, shares and reasons; exit code 0 if everything exact was found."""
    shown = CliRunner().invoke(main, ["score", str(KNOWN)])
    assert shown.exit_code == 0, shown.stderr
    assert "19 of 19 exact measures are complete, in 10 files" in shown.stdout
    assert "why not: 1 × it closes, but its own swaps lost a token" in shown.stdout
    asked = CliRunner().invoke(main, ["score", "--json", str(KNOWN)])
    document = json.loads(asked.stdout)
    assert (document["passed"], len(document["scores"]), document["failed"]) == (True, 10, [])
    measure = document["scores"][0]["measures"][0]
    assert (measure["recall"], measure["precision"], measure["exact"]) == ("100.00%", "100.00%", True)


def test_what_is_missed_or_cannot_be_scored_fails(tmp_path: Path) -> None:
    """A wrong answer, a file without what it follows from, and nothing at all: exit code 1 and a reason."""
    shutil.copytree(KNOWN / "snapshot", tmp_path / "s")
    pairs = tmp_path / "s" / "pairs.csv"
    pairs.write_text("\n".join(pairs.read_text().splitlines()[:-1]) + "\n")
    missed = CliRunner().invoke(main, ["score", str(tmp_path)])
    assert missed.exit_code == 1
    assert "why not: 1 × not in the file" in missed.stdout
    alone = CliRunner().invoke(main, ["score", str(KNOWN / "blocks" / "pools.csv")])
    assert alone.exit_code == 1
    assert "expected files with known answers, found none" in alone.stderr
    nowhere = CliRunner().invoke(main, ["score", str(tmp_path / "nowhere")])
    assert nowhere.exit_code == 1
    assert "expected a file or a folder at" in nowhere.stderr
