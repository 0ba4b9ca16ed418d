"""Compiles the executor: the module run as a program prints `contracts/executor.json`.

Users never compile: what comes out is committed, and a test compares.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[2] / "contracts" / "executor.vy"
BUILT = SOURCE.with_suffix(".json")
"""A link: the file ships inside the package."""


def vyper(source: Path, *formats: str) -> list[str]:
    """What the pinned compiler says, a line for each of `formats`."""
    command = [str(Path(sys.executable).with_name("vyper")), "-f", ",".join(formats), source.name]
    done = subprocess.run(command, cwd=source.parent, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def compiled() -> dict[str, Any]:
    """Interface and creation code, with the compiler that made them."""
    command = [str(Path(sys.executable).with_name("vyper")), "--version"]
    version = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    bytecode, runtime, abi = vyper(SOURCE, "bytecode", "bytecode_runtime", "abi")
    start = bytes.fromhex(bytecode[2:]).index(bytes.fromhex(runtime[2:]))
    return {
        "compiler": f"vyper {version}",
        "evm": "cancun",
        "abi": json.loads(abi),
        "bytecode": bytecode,
        "runtime": [start, start + len(runtime) // 2 - 1],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(compiled(), indent=1) + "\n")
