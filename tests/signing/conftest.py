"""What the tests of signers share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.rules.evm.transaction import DynamicFeeTransaction
from alphapulse.rules.signing.signing_policy import SigningPolicy
from alphapulse.safety.latch import LatchRecord, write_latch
from alphapulse.secret import Secret
from alphapulse.signing.key_files import PasswordSource, write_secret_file
from alphapulse.signing.keystore import sealed_keystore
from alphapulse.signing.signer_terms import KeystoreKey, SignerTerms
from alphapulse.signing.signing_key import SigningKey
from tests.fakes.signers import SCALAR

EXECUTOR = bytes([2]) * 20
KEY = SigningKey(SCALAR)
TRADE = DynamicFeeTransaction(137, 7, 30, 500, 1_000_000, EXECUTOR, 0, b"path")
CANCEL = attrs.evolve(TRADE, to=KEY.address, data=b"", gas_limit=21_000)
EPOCH = 5
PASSWORD = "correct horse battery staple"


@attrs.frozen
class Wallet:
    """Files of one wallet in a folder, and what its signer is told."""

    folder: Path
    terms: SignerTerms

    def say(self, level: Level, epoch: int = EPOCH) -> None:
        """Write the latch."""
        change = HaltChange(
            halt_id=3, epoch=epoch, scope=GLOBAL, level=level, actor="a person", via=Via.API, reason="why", at_ns=1
        )
        write_latch(self.terms.latch, LatchRecord((change,), 4, epoch))

    def with_limits(self, **limits: Any) -> Wallet:
        """The same with another policy."""
        return attrs.evolve(self, terms=attrs.evolve(self.terms, policy=attrs.evolve(self.terms.policy, **limits)))


@pytest.fixture
def wallet(tmp_path: Path) -> Wallet:
    """A keystore with its password, a latch that lets trade, and room for a record."""
    folder = tmp_path / "keys"
    text = sealed_keystore(KEY, Secret(PASSWORD), chance=bytes, scrypt_n=2)
    write_secret_file(folder / "main.json", text)
    write_secret_file(folder / "main.password", PASSWORD.encode() + b"\n")
    policy = SigningPolicy(
        chain_id=137,
        destinations=frozenset({EXECUTOR}),
        most_gas_limit=2_000_000,
        most_cap_wei=5_000,
        most_per_window=1_000,
        window_ns=60 * 10**9,
        most_daily_wei=10**15,
    )
    terms = SignerTerms(
        key=KeystoreKey(folder / "main.json", PasswordSource(file=folder / "main.password")),
        policy=policy,
        record_folder=tmp_path / "data",
        latch=tmp_path / "live.halt",
        halt_file=tmp_path / "HALT",
    )
    made = Wallet(tmp_path, terms)
    made.say(Level.ACTIVE)
    return made
