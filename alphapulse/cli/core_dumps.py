"""No core dumps: the memory of the daemon holds its keys, and a dump would leave them on the disk."""

from __future__ import annotations

import ctypes
import logging
import resource
import sys

PR_SET_DUMPABLE = 4

log = logging.getLogger(__name__)


def forbid_core_dumps() -> None:
    """A limit of zero bytes, and no dump for a program of the kernel's either, which minds no limit.

    Other processes of the same user cannot read the memory from now on; root still can.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        log.warning("core dumps are limited to zero bytes, but the kernel did not forbid them (prctl)")
