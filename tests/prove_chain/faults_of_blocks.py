"""Which faults the nodes commit for a block."""

from __future__ import annotations

from random import Random

from tests.chain.fault_plan import Faults

FRAME_FAULTS = ("drop", "late", "duplicate", "reorder", "truncate", "garbage", "cut")
HTTP_FAULTS = ("too_many", "failing", "http_cut", "http_truncate", "http_garbage", "rate_error", "no_logs")
RATES = (30_000, 100_000, 300_000)


def chosen_faults(chance: Random, most: int) -> Faults:
    """One to `most` kinds of faults, each of them seldom, sometimes or often."""
    names = chance.sample((*FRAME_FAULTS, *HTTP_FAULTS), chance.randint(1, most))
    return Faults(**{name: chance.choice(RATES) for name in names})
