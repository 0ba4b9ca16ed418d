"""What the tests on a real chain share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from alphapulse.devnet.world import World
from tests.chain.worlds import open_test_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A fresh chain, everything at its address on Polygon. It takes a quarter of a second."""
    async with open_test_world() as made:
        yield made
