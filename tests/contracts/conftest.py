"""What the executor's tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contracts.executor_rig import Rig, executor_rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A fresh chain with the executor."""
    async with executor_rig() as made:
        yield made
