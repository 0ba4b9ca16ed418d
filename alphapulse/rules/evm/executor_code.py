"""The code of our executor contract: what deploys it, and what must then stand at its address.

`executor.json` is what the pinned compiler makes of `contracts/executor.vy`. The owner is an immutable of the contract:
Vyper puts its immutables behind the runtime code, a word each, so that the code at the address names him.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from alphapulse.data.instruments import ADDRESS_SIZE
from alphapulse.rules.evm.keccak import keccak256

WORD = 32


class _Built(msgspec.Struct, frozen=True):
    bytecode: str
    runtime: tuple[int, int]
    """Where the runtime code lies in the creation code, in bytes."""


def creation_code() -> bytes:
    """The data of the transaction that deploys it. Whoever sends it becomes the owner."""
    return bytes.fromhex(_built().bytecode[2:])


def runtime_code(owner: bytes) -> bytes:
    """What `eth_getCode` says of an executor that `owner` has deployed."""
    if len(owner) != ADDRESS_SIZE:
        raise ValueError(f"expected the {ADDRESS_SIZE} bytes of an address, found {len(owner)}")
    start, end = _built().runtime
    return creation_code()[start:end] + owner.rjust(WORD, b"\0")


def expected_code_hash(owner: bytes) -> bytes:
    """The Keccak-256 of the code at the address of an executor that `owner` has deployed."""
    return keccak256(runtime_code(owner))


@cache
def _built() -> _Built:
    # Part of the program, like a module: it is read once and never changes.
    return msgspec.json.decode(files("alphapulse.rules.evm").joinpath("executor.json").read_bytes(), type=_Built)
