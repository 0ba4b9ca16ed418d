"""`python -m tests.prove_execution`: what is promised of trading for real, tried on a real chain, as a table."""

from __future__ import annotations

import logging

from tests.prove.table import proof_command
from tests.prove_execution.proofs import PROOFS

if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())
    proof_command(PROOFS, "tests.prove_execution")()
