"""Fixtures of the transports: relays are tried over them too."""

from __future__ import annotations

from tests.transport.conftest import authority, certify, unhurried

__all__ = ["authority", "certify", "unhurried"]
