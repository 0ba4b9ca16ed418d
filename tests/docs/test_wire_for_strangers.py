"""The page for strangers: its program runs, prints what the page says, and needs nothing that trades."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "wire-for-strangers.md"

LAYERS = "data|rules|errors"
SHOW_FOREIGN_MODULES = f"""
import re, sys
print(sorted(name for name in sys.modules if re.match(r"alphapulse\\.(?!({LAYERS})\\b)", name)))
print([name for name in ("trio", "socket", "numpy", "sqlalchemy") if name in sys.modules])
"""


def block(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return str(text)


@pytest.mark.real_io
def test_the_program_prints_what_the_page_says() -> None:
    """In a process of its own: what it declares stays there, and what it imports can be seen."""
    program = block("python") + SHOW_FOREIGN_MODULES
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stderr == ""
    *printed, behaviour, libraries = done.stdout.splitlines(keepends=True)
    assert "".join(printed) == block("text")
    assert (behaviour, libraries) == ("[]\n", "[]\n")
