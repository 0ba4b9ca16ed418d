"""The addresses that new contracts get: from a factory (EIP-1014, CREATE2), or from an account (CREATE)."""

from __future__ import annotations

from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.evm.rlp import rlp_bytes, rlp_joined, rlp_number


def create_address(sender: bytes, nonce: int) -> bytes:
    """The 20 bytes at which the transaction of that number of an account creates a contract."""
    return keccak256(rlp_joined((rlp_bytes(sender), rlp_number(nonce))))[12:]


def create2_address(sender: bytes, salt: bytes, init_code_hash: bytes) -> bytes:
    """The 20 bytes at which `sender` creates the contract whose creation code has this hash."""
    return keccak256(b"\xff" + sender + salt + init_code_hash)[12:]


def pool_address(factory: Factory, token0: bytes, token1: bytes, fee_ppm: int | None) -> bytes | None:
    """The address of the factory's pool of two tokens, in either order; None if it cannot be computed.

    `fee_ppm` counts for V3 factories only, which have a pool for each fee. Clones and contracts without CREATE2 have no
    address that could be recomputed, and a V3 pool whose fee is not known has none either.
    """
    if factory.deployer is None or factory.init_code_hash is None:
        return None
    low, high = sorted((token0, token1))
    match factory.kind:
        case FactoryKind.V2:
            packed = low + high
        case FactoryKind.ALGEBRA:
            packed = _word(low) + _word(high)
        case FactoryKind.V3 if fee_ppm is not None:
            packed = _word(low) + _word(high) + fee_ppm.to_bytes(32, "big")
        case _:
            return None
    return create2_address(factory.deployer, keccak256(packed), factory.init_code_hash)


def _word(address: bytes) -> bytes:
    return address.rjust(32, b"\0")
