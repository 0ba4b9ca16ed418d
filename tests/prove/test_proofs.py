"""The proofs of `make prove`, with small counts: their facts, not their times, which depend on the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.prove.outcome import Figure, Outcome, Proof, quantile
from tests.prove.proofs import PROOFS


@pytest.mark.slow
@pytest.mark.real_io
@pytest.mark.parametrize("proof", PROOFS, ids=[proof.name for proof in PROOFS])
def test_the_facts_of_a_promise_hold(proof: Proof, tmp_path: Path) -> None:
    outcome = proof.tried(proof.small, tmp_path)
    if not outcome.count:
        pytest.skip("; ".join(outcome.notes))
    assert outcome.broken == ()
    assert outcome.count >= proof.small
    assert all(figure.values_ms for figure in outcome.figures)


def test_the_page_names_every_promise_with_its_count() -> None:
    page = (Path(__file__).parents[2] / "docs" / "proofs.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")] for line in page.splitlines() if line.startswith("| `")]
    told = {row[1].strip("`"): row[3] for row in rows if row[1].strip("`") in {proof.name for proof in PROOFS}}
    assert told == {proof.name: f"{proof.full:,}" for proof in PROOFS}


def test_a_figure_over_its_limit_breaks_the_promise() -> None:
    values = (1.0,) * 98 + (5.0, 9.0)
    assert Figure("gate", values, limit_ms=9).kept
    assert not Figure("gate", values, limit_ms=8).kept
    assert not Figure("gate", values, limit_ms=8, share=1).kept
    assert not Outcome(100, figures=(Figure("gate", values, limit_ms=4),)).kept
    assert not Outcome(100, broken=("sent after the gate was closed",)).kept


def test_what_was_not_measured_has_kept_nothing() -> None:
    assert not Figure("gate", (), limit_ms=1).kept


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.5, 3.0), (0.99, 4.0), (1.0, 4.0)])
def test_a_quantile_is_one_of_the_values(share: float, value: float) -> None:
    assert quantile((2.0, 4.0, 1.0, 3.0), share) == value
