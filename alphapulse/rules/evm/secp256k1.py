"""The curve by which Ethereum's accounts sign: who has signed, and at which address he is.

libsecp256k1 does the mathematics, through coincurve. It is read on first use: a daemon that trades on paper has no key.
"""

from __future__ import annotations

from alphapulse.errors import BadTransaction
from alphapulse.rules.evm.keccak import keccak256

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""Of the group (SEC 2, 2.4.1). A key lies between 0 and it, exclusive."""
HIGHEST_S = ORDER // 2
"""EIP-2: of the two signatures that fit, the one with the lower `s` counts."""
SCALAR_SIZE = 32


def recovered_address(digest: bytes, y_parity: int, r: int, s: int) -> bytes:
    """The address whose key has signed the digest.

    Raises:
        BadTransaction: no key can have signed it so.
    """
    from coincurve import PublicKey  # noqa: PLC0415 - see above

    signature = r.to_bytes(SCALAR_SIZE, "big") + s.to_bytes(SCALAR_SIZE, "big") + bytes((y_parity,))
    try:
        key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except ValueError as error:
        raise BadTransaction(f"expected a signature that some key has made, found none such: {error}") from error
    return address_of(key.format(compressed=False))


def address_of(public_key: bytes) -> bytes:
    """The 20 bytes of the account of a public key, given as its 65 bytes."""
    return keccak256(public_key[1:])[12:]
