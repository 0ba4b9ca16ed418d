"""Keccak-256, the hash of Ethereum."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any


def keccak256(data: bytes) -> bytes:
    """The 32-byte hash. It is not NIST's SHA3-256, which pads otherwise."""
    digest: bytes = _new()(data=data, digest_bits=256).digest()
    return digest


@cache
def _new() -> Callable[..., Any]:
    # On first use: a recording of known pools needs no hash, and the library brings cffi along.
    from Crypto.Hash.keccak import new  # noqa: PLC0415

    return new
