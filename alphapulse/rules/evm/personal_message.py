"""What is signed of a text that an account says (EIP-191, version 0x45): never the hash of a transaction. Pure."""

from __future__ import annotations

from alphapulse.rules.evm.keccak import keccak256


def personal_digest(text: bytes) -> bytes:
    """The 32 bytes that are signed of a text, as wallets do that call it `personal_sign`."""
    return keccak256(b"\x19Ethereum Signed Message:\n%d%s" % (len(text), text))
