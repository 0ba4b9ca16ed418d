"""Fixtures of the transports: relays are tried over real certificates too."""

from __future__ import annotations

from tests.transport.conftest import authority, certify

__all__ = ["authority", "certify"]
