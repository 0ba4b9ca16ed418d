"""`python build_core.py FOLDER`: compile the wire codec's core into FOLDER, or say in one line why it was left out.

Needed: a C compiler, Python's headers, Cython. Without them, or with ALPHAPULSE_PURE=1, the pure codec serves. The exit
code is 0 either way: an installation never fails because of the core.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PACKAGE = "alphapulse/rules/wire"
MODULE = "core"
NAME = f"{MODULE}{sysconfig.get_config_var('EXT_SUFFIX')}"
OPTIMIZED = ("-O2", "-fno-strict-aliasing", "-fwrapv", "-fPIC", "-w")


class LeftOut(Exception):
    """Why there is no core."""


def main() -> None:
    """Build, or say why not. An old core never stays."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / PACKAGE
    (target / NAME).unlink(missing_ok=True)
    try:
        built = build(target)
    except LeftOut as reason:
        sys.stdout.write(f"the wire codec's compiled core was left out, pure Python serves: {reason}\n")
    else:
        sys.stdout.write(f"the wire codec's compiled core was built: {built.name}\n")


def build(target: Path, source: str | None = None) -> Path:
    """Compile `source`, by default that of today's classes, into the folder `target`. Raises LeftOut."""
    if os.environ.get("ALPHAPULSE_PURE") == "1":
        raise LeftOut("ALPHAPULSE_PURE is 1")
    if sys.implementation.name != "cpython":
        raise LeftOut(f"it is for CPython, this is {sys.implementation.name}")
    compiler = _compiler()
    headers = sysconfig.get_paths()["include"]
    if not Path(headers, "Python.h").is_file():
        raise LeftOut(f"Python.h was not found in {headers}: install Python's development files")
    target.mkdir(parents=True, exist_ok=True)
    built = target / NAME
    with tempfile.TemporaryDirectory() as scratch:
        translated = _translate(Path(scratch), core_text() if source is None else source)
        fresh = Path(scratch, built.name)
        _run([*compiler, *OPTIMIZED, f"-I{headers}", str(translated), "-o", str(fresh)])
        shutil.move(fresh, built)
    return built


def core_text() -> str:
    """The Cython source for every registered message."""
    try:
        from alphapulse.data.registry import MESSAGES  # noqa: PLC0415 - needs attrs, which may not be there
        from alphapulse.rules.wire.cython_source import core_source  # noqa: PLC0415
    except ImportError as error:
        raise LeftOut(f"the data classes could not be imported: {error}") from error
    return core_source(MESSAGES[number] for number in sorted(MESSAGES))


def _compiler() -> list[str]:
    """The command that makes a shared library: the one that Python was built with, or whatever is there."""
    configured = shlex.split(sysconfig.get_config_var("LDSHARED") or "cc -shared")
    chosen = shlex.split(os.environ.get("CC", ""))
    for command in (chosen, configured[:1], ["cc"], ["gcc"], ["clang"]):
        if command and shutil.which(command[0]):
            return [*command, *configured[1:]]
    raise LeftOut("no C compiler was found (Debian: apt install gcc)")


def _translate(scratch: Path, source: str) -> Path:
    written = scratch / f"{MODULE}.pyx"
    written.write_text(source, encoding="utf-8")
    name = f"{PACKAGE.replace('/', '.')}.{MODULE}"
    parts = ROOT / PACKAGE / "core_parts"
    _run([sys.executable, "-m", "cython", "--module-name", name, "-I", str(parts), str(written)])
    return written.with_suffix(".c")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - compilers
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        reason = next((line for line in said if "rror" in line), said[-1] if said else f"code {done.returncode}")
        raise LeftOut(f"{' '.join(command[:3])} failed: {reason}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
