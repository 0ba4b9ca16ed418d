"""A real chain for a test: its own node, its own contracts, ended with the test."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from alphapulse.devnet.creation import open_world
from alphapulse.devnet.packages import ARTIFACTS, LIBRARIES, Packages
from alphapulse.devnet.world import World
from alphapulse.errors import DevnetError

FOLDER = Path(__file__).parents[2] / ".cache" / "devnet"
"""Where `make devnet-packages` puts node and contracts."""
LIMIT_S = 180.0


def chain_packages() -> Packages:
    """Node and contracts. Without them the test is skipped, save on CI, where it fails."""
    packages = Packages(FOLDER)
    try:
        packages.anvil  # noqa: B018 - looks whether it is there
        for contract in (*ARTIFACTS, "Multicall3"):
            packages.creation_code(contract, dict.fromkeys(LIBRARIES, "0x" + bytes(20).hex()))
    except DevnetError:
        words = "anvil and the contracts were not found; run `make devnet-packages` (needs npm)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    return packages


@asynccontextmanager
async def open_test_world(**options: Any) -> AsyncIterator[World]:
    """A world as `open_world` makes it; the test is skipped where there can be none."""
    async with open_world(chain_packages(), **options) as world:
        yield world
