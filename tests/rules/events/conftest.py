"""Every test that decodes logs runs twice: with the reader of plain Swaps in pure Python, and with the compiled one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from alphapulse.rules.events import plain_swap, swap_core

READERS = {"pure": plain_swap, "compiled": swap_core.CORE}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Twice where the module decodes logs."""
    if hasattr(metafunc.module, "decode_log"):
        metafunc.parametrize("reader", READERS, indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def reader(request: pytest.FixtureRequest) -> Iterator[None]:
    """The reader under test, in place of the one in use."""
    chosen = READERS[getattr(request, "param", "pure")]
    if chosen is None:
        if os.environ.get("CI") == "true" and os.environ.get("ALPHAPULSE_PURE") != "1" and shutil.which("cc"):
            pytest.fail(f"there is a C compiler, and the compiled core is missing: {swap_core.ABSENCE}")
        pytest.skip(f"the compiled core is missing, run `make core`: {swap_core.ABSENCE}")
    used, swap_core.plain_swap = swap_core.plain_swap, chosen.plain_swap
    yield
    swap_core.plain_swap = used
