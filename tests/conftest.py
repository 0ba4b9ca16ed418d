"""Settings that every test shares."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadlines: a test must not fail because the machine was busy. On CI the same examples each time, so that a red run
# is the change's own fault; on a desk new examples, so that the gaps are found there.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "desk")
