"""`python -m tests.prove`: what is promised of the running daemon, tried on the running daemon, as a table."""

from __future__ import annotations

from tests.prove.proofs import PROOFS
from tests.prove.table import proof_command

if __name__ == "__main__":
    proof_command(PROOFS, "tests.prove")()
