"""Every test of the codec runs twice: with pure Python, and with the compiled core where it was built.

A test module imports the codec's functions as any program does; here they are exchanged in the module for its second
run. A test that calls none of them runs once.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from alphapulse.rules.wire import pure
from alphapulse.rules.wire.codec import ABSENCE, CORE
from alphapulse.rules.wire.codec import __all__ as names

FUNCTIONS = [name for name in names if name.islower()]
CODECS: dict[str, Any] = {"pure": pure, "compiled": CORE}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Twice where the module uses the codec."""
    if any(hasattr(metafunc.module, name) for name in FUNCTIONS):
        metafunc.parametrize("codec", CODECS, indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def codec(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The codec under test: a module with the functions of `alphapulse.rules.wire.codec`."""
    chosen = CODECS[getattr(request, "param", "pure")]
    if chosen is None:
        wanted = os.environ.get("CI") == "true" and os.environ.get("ALPHAPULSE_PURE") != "1"
        if wanted and shutil.which("cc"):
            pytest.fail(f"there is a C compiler, and the compiled core is missing: {ABSENCE}")
        pytest.skip(f"the compiled core is missing, run `make core`: {ABSENCE}")
    used = {name: getattr(request.module, name) for name in FUNCTIONS if hasattr(request.module, name)}
    for name in used:
        setattr(request.module, name, getattr(chosen, name))
    yield chosen
    for name, function in used.items():
        setattr(request.module, name, function)
