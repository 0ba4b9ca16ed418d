"""`python -m tests.prove_chain`: what is promised of the live chain, tried on a real one, as a table."""

from __future__ import annotations

import logging

from tests.prove.table import proof_command
from tests.prove_chain.proofs import PROOFS

if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())  # nodes that misbehave are logged, rightly, line by line
    proof_command(PROOFS, "tests.prove_chain")()
