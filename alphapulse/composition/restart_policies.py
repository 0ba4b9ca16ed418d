"""How often the daemon's tasks may be restarted."""

from __future__ import annotations

from fractions import Fraction

import attrs

from alphapulse.nursery.policy import RestartPolicy

NS_PER_S = 1_000_000_000

RESTARTS = RestartPolicy(
    budget=5,
    window_ns=600 * NS_PER_S,
    first_delay_ns=NS_PER_S,
    factor=Fraction(2),
    longest_delay_ns=30 * NS_PER_S,
    jitter_ppm=200_000,
    healthy_after_ns=60 * NS_PER_S,
    start_deadline_ns=30 * NS_PER_S,
    silence_limit_ns=30 * NS_PER_S,
)
"""Five restarts in ten minutes: what still fails then will not heal by itself.

A task that proves its own loop has failed when it has not come round for half a minute, as in a sync that hangs.
"""

NO_RESTART = attrs.evolve(RESTARTS, budget=0)
"""For what keeps the books: a fresh life would not know what the old one knew."""
