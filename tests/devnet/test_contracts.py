"""The devnet's own contracts."""

from __future__ import annotations

import json

import pytest

from tests.devnet.contract_compiler import CONTRACTS, FOLDER, compiled


@pytest.mark.slow
def test_committed_code_is_what_the_compiler_makes() -> None:
    """Source and code are committed together; whoever changes one changes both."""
    assert json.loads((FOLDER / "compiled.json").read_text("utf-8")) == compiled()


def test_every_contract_has_its_source() -> None:
    """`balances.vy` is a part of others and no contract."""
    assert {path.stem for path in FOLDER.glob("*.vy")} == {*CONTRACTS, "balances"}
