"""`python build_core.py FOLDER`: compile the cores into FOLDER, or say in one line why they were left out.

There are three: the wire codec's, whose source is written from the data classes, that of V3 Swap logs, and that of the
best trade between two ranges. Needed: a C compiler, Python's headers, Cython. Without them, or with ALPHAPULSE_PURE=1,
pure Python serves. The exit code is 0 either way: an installation never fails because of a core.
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
WIRE = "alphapulse/rules/wire"
EVENTS = "alphapulse/rules/events"
ARBITRAGE = "alphapulse/rules/arbitrage"
PACKAGES = (WIRE, EVENTS, ARBITRAGE)
"""Each has a module `core`."""
MODULE = "core"
PARTS = ROOT / WIRE / "core_parts"
NAME = f"{MODULE}{sysconfig.get_config_var('EXT_SUFFIX')}"
OPTIMIZED = ("-O2", "-fno-strict-aliasing", "-fwrapv", "-fPIC", "-w")


class LeftOut(Exception):
    """Why there is no core."""


def main() -> None:
    """Build, or say why not. An old core never stays."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    for package in PACKAGES:
        (target / package / NAME).unlink(missing_ok=True)
    try:
        for package in PACKAGES:
            build(target / package, package=package)
    except LeftOut as reason:
        sys.stdout.write(f"the compiled core was left out, pure Python serves: {reason}\n")
    else:
        sys.stdout.write(f"the compiled core was built: {', '.join(PACKAGES)}, each {NAME}\n")


def build(target: Path, source: str | None = None, package: str = WIRE) -> Path:
    """Compile the core of a package, or another `source` in its place, into the folder `target`. Raises LeftOut."""
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
    if source is None:
        source = core_text() if package == WIRE else (ROOT / package / f"{MODULE}.pyx").read_text("utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        translated = _translate(Path(scratch), source, package)
        fresh = Path(scratch, built.name)
        _run([*compiler, *OPTIMIZED, f"-I{headers}", str(translated), "-o", str(fresh)])
        shutil.move(fresh, built)
    return built


def core_text() -> str:
    """The Cython source of the wire codec's core, for every registered message."""
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


def _translate(scratch: Path, source: str, package: str) -> Path:
    written = scratch / f"{MODULE}.pyx"
    written.write_text(source, encoding="utf-8")
    name = f"{package.replace('/', '.')}.{MODULE}"
    _run([sys.executable, "-m", "cython", "--module-name", name, "-I", str(PARTS), str(written)])
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
