"""What the tests on a real chain share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from alphapulse.devnet.world import World
from alphapulse.rules.breakers import chain_health
from tests.chain.worlds import chain_packages, open_test_world


@pytest.fixture(autouse=True)
def _chain_or_skipped() -> None:
    """Before any loop runs: a skip from within one would lose its reason."""
    chain_packages()


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain whose blocks a busy machine mines late is well all the same."""
    monkeypatch.setattr(chain_health, "NO_HEAD_NS", 600 * chain_health.SECOND_NS)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A fresh chain, everything at its address on Polygon. It takes a quarter of a second."""
    async with open_test_world() as made:
        yield made
