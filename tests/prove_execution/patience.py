"""What the proofs leave out when they run as tests: blocks and answers come when a busy machine brings them."""

from __future__ import annotations

import sys

import pytest

from tests.prove_execution import daemon_process, rig, settings

PROGRAM = (
    sys.executable,
    "-c",
    """
from alphapulse.cli.daemon import main
from alphapulse.rules.breakers import chain_health
chain_health.NO_HEAD_NS = 600 * chain_health.SECOND_NS
main()
""",
)
BLOCK_TIME, LONG_BLOCK_TIME = "block_time_ms = 1000\n", "block_time_ms = 10_000\n"
ANSWER_S = 5.0


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No daemon stops because no block comes for some seconds, and none is found to be late."""
    assert BLOCK_TIME in settings.TEMPLATE
    monkeypatch.setattr(settings, "TEMPLATE", settings.TEMPLATE.replace(BLOCK_TIME, LONG_BLOCK_TIME))
    monkeypatch.setattr(daemon_process, "PROGRAM", PROGRAM)
    monkeypatch.setattr(rig, "ANSWER_S", ANSWER_S)
