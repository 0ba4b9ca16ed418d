"""What a wallet's signer is made of: where its key is, what it may sign, and where it writes that down."""

from __future__ import annotations

from pathlib import Path

import attrs

from alphapulse.rules.signing.signing_policy import SigningPolicy
from alphapulse.signing.key_files import PasswordSource


@attrs.frozen
class KeystoreKey:
    """A key in an encrypted file."""

    path: Path
    password: PasswordSource


@attrs.frozen
class EnvironmentKey:
    """A key in an environment variable. `accepted`: the operator has said that he knows who can read it."""

    name: str
    accepted: bool


@attrs.frozen
class RemoteKey:
    """A key in another process, behind its socket."""

    socket: Path
    address: bytes


@attrs.frozen(kw_only=True)
class SignerTerms:
    """One wallet's signer. Policy, record, latch and halt file are a remote signer's own business."""

    key: KeystoreKey | EnvironmentKey | RemoteKey
    policy: SigningPolicy
    record_folder: Path
    """Holds a file for each account and chain: what was signed."""
    latch: Path
    halt_file: Path
