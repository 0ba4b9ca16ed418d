"""Compiles the devnet's own contracts: the module run as a program prints `compiled.json`.

Users never compile: what comes out is committed, and a test compares.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "alphapulse" / "devnet" / "contracts"
CONTRACTS = ("fickle_token", "impostor", "nameless_token", "odd_token", "pool_hand", "silent_token")


def compiled() -> dict[str, str]:
    """Creation code by contract, in hex."""
    vyper = str(Path(sys.executable).with_name("vyper"))
    command = [vyper, "--evm-version", "cancun", "-f", "bytecode", *(f"{name}.vy" for name in CONTRACTS)]
    done = subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, text=True)
    return dict(zip(CONTRACTS, done.stdout.split(), strict=True))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(compiled(), indent=1) + "\n")
