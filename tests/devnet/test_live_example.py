"""`examples/devnet_live.toml`, which `make demo-trade` uses."""

from __future__ import annotations

from pathlib import Path

from coincurve import PrivateKey

from alphapulse import __version__
from alphapulse.composition.live_start import phrase_of
from alphapulse.config import load_config
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.evm.secp256k1 import address_of

ROOT = Path(__file__).parents[2]
KEY = bytes([1]) * 32


def test_key_contract_and_phrase_belong_together() -> None:
    """The contract stands where the wallet's first transaction puts it; the build is this one."""
    owner = address_of(PrivateKey(KEY).public_key.format(compressed=False))
    config = load_config(ROOT / "examples" / "devnet_live.toml")
    (wallet,) = config.wallets.values()
    assert wallet.executor == checksum_address(keccak256(b"\xd6\x94" + owner + b"\x80")[12:])
    assert (ROOT / "examples" / "devnet_live.phrase").read_text().strip() == phrase_of(137, [owner])
    assert f"--executor {checksum_address(owner)}" in (ROOT / "Makefile").read_text()
    assert __version__ in config.limits.approved_builds
