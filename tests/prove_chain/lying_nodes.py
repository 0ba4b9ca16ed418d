"""No liar among the nodes is followed."""

from __future__ import annotations

import logging
from pathlib import Path

from tests.connections.node_schedules import run_lives
from tests.prove.outcome import Outcome

LEAST_ANSWERED = 99
"""Of a hundred reads while two nodes are honest."""


def lying_nodes(count: int, _: Path) -> Outcome:
    """So many random lives of three nodes."""
    logging.disable(logging.CRITICAL)
    try:
        seen = run_lives(count)
    finally:
        logging.disable(logging.NOTSET)
    broken = []
    if seen.lies or seen.alone:
        broken.append(f"{seen.lies} reads that two nodes had to agree on were lies, {seen.alone} were of one node")
    if seen.lies_to_hints:
        broken.append(f"{seen.lies_to_hints} reads of one node came from another branch")
    if seen.answered * 100 < seen.asked * LEAST_ANSWERED:
        broken.append(f"{seen.answered} of {seen.asked} reads were answered")
    return Outcome(count=count, broken=tuple(broken))
