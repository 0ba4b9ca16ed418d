"""Settings that every test shares."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# No deadlines: a test must not fail because the machine was busy. On CI the same examples each time, so that a red run
# is the change's own fault; on a desk new examples, so that the gaps are found there.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("desk", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=5)
quick = os.environ.get("ALPHAPULSE_TESTS") == "quick"  # set by `make check`
settings.load_profile("quick" if quick else "ci" if os.environ.get("CI") == "true" else "desk")

# A test run that a shell started in the background ignores SIGINT, and so would every process that a test starts to
# see what Ctrl-C does to it. A handler, unlike being ignored, is not inherited: they get the default.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
