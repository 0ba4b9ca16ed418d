"""Which build a process is of: two that read a message differently, or decide differently, must not trade together."""

from __future__ import annotations

import hashlib
from functools import cache

from alphapulse import __version__
from alphapulse.data.registry import MESSAGES
from alphapulse.rules.wire.signature import signature


@cache
def registry_hash() -> bytes:
    """SHA-256 over the wire form of every message that this program knows."""
    forms = "\n".join(signature(cls) for _, cls in sorted(MESSAGES.items()))
    return hashlib.sha256(forms.encode()).digest()


def build_mark() -> str:
    """Version and messages of this program as 16 hexadecimal digits: equal in processes that may trade together."""
    return hashlib.sha256(__version__.encode() + registry_hash()).hexdigest()[:16]
