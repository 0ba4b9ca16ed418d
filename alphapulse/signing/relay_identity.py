"""Who asks a relay: an account of its own, which holds nothing, signs the body of each request.

Source: Flashbots, "Authentication", whose header other relays have taken over: the address, and its signature (EIP-191)
of the body's Keccak-256 as text, 0x and 64 hex digits.
"""

from __future__ import annotations

from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.signing.signing_key import SigningKey


class RelayIdentity:
    """Never a wallet's key: what it signs is told to strangers with each request."""

    def __init__(self, key: SigningKey) -> None:
        self.address = key.address
        self._key = key

    def signature(self, body: bytes) -> str:
        """The value of `X-Flashbots-Signature` for a request. Takes microseconds."""
        signed = self._key.sign_text(f"0x{keccak256(body).hex()}".encode())
        return f"{checksum_address(self.address)}:0x{signed.hex()}"
