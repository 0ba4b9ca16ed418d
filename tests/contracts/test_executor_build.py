"""The committed code is what the source says."""

from __future__ import annotations

import json

import pytest

from alphapulse.rules.evm.executor_path import REASONS
from tests.contracts.executor_build import BUILT, SOURCE, compiled


@pytest.mark.slow
def test_the_committed_code_is_what_the_pinned_compiler_makes() -> None:
    """Source and code are committed together: `python -m tests.contracts.executor_build > contracts/executor.json`."""
    assert json.loads(BUILT.read_text("utf-8")) == compiled()


def test_every_reason_of_the_contract_can_be_read() -> None:
    """A reason is written once in the source for each place that gives it, always with the same numbers."""
    source = SOURCE.read_text("utf-8")
    written = {text.partition('"')[0] for text in source.split('method_id("')[1:]}
    ours = {f"{name}({','.join(kind for _, kind in values)})" for name, values in REASONS.items() if name != "Error"}
    assert written == ours
