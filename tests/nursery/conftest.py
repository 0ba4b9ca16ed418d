"""Fixtures of the supervisor's tests."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from trio.testing import MockClock

from tests.nursery.scripted_tree import Tree


@pytest.fixture
async def tree(mock_clock: MockClock) -> Tree:
    """An empty tree. Each test asks for `mock_clock` too: pytest-trio finds a clock only among a test's arguments."""
    return Tree(mock_clock)


@pytest.fixture(autouse=True)
def quiet_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.CRITICAL):
        yield
