"""The proofs of `make prove-chain` and `make prove-execution`, with small counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chain.worlds import chain_packages
from tests.prove.outcome import Proof
from tests.prove_chain.proofs import PROOFS as CHAIN_PROOFS
from tests.prove_execution.patience import unhurried
from tests.prove_execution.proofs import PROOFS as EXECUTION_PROOFS

__all__ = ["unhurried"]
PROOFS = (*CHAIN_PROOFS, *EXECUTION_PROOFS)


@pytest.mark.slow
@pytest.mark.real_io
@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("proof", PROOFS, ids=[proof.name for proof in PROOFS])
def test_the_facts_of_a_promise_hold(proof: Proof, tmp_path: Path) -> None:
    chain_packages()
    outcome = proof.tried(proof.small, tmp_path)
    assert outcome.broken == ()
    assert outcome.count >= proof.small


def test_the_page_names_every_promise_with_its_count() -> None:
    page = (Path(__file__).parents[2] / "docs" / "proofs.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.split("|")] for line in page.splitlines() if line.startswith("| `")]
    told = {row[1].strip("`"): row[3] for row in rows if row[1].strip("`") in {proof.name for proof in PROOFS}}
    assert told == {proof.name: f"{proof.full:,}" for proof in PROOFS}
