"""Which build a process is of: two that read a message differently must not trade with each other."""

from __future__ import annotations

import hashlib
from functools import cache

from alphapulse.data.registry import MESSAGES
from alphapulse.rules.wire.signature import signature


@cache
def registry_hash() -> bytes:
    """SHA-256 over the wire form of every message that this program knows."""
    forms = "\n".join(signature(cls) for _, cls in sorted(MESSAGES.items()))
    return hashlib.sha256(forms.encode()).digest()
