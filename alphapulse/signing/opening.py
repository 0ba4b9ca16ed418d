"""Opens a wallet's signer as its terms say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from alphapulse.errors import ConfigError, KeystoreError
from alphapulse.journal.blocking import RunBlocking
from alphapulse.secret import Secret
from alphapulse.signing.guarded_key import GuardedKey
from alphapulse.signing.key_files import read_secret_file
from alphapulse.signing.keystore import keystore_address, opened_keystore
from alphapulse.signing.latch_view import LatchView
from alphapulse.signing.local_signer import LocalSigner
from alphapulse.signing.remote_signer import RemoteSigner
from alphapulse.signing.signer import Signer, SignerKind
from alphapulse.signing.signer_terms import EnvironmentKey, KeystoreKey, RemoteKey, SignerTerms
from alphapulse.signing.signing_key import SigningKey
from alphapulse.signing.signing_record import open_record, record_path


@asynccontextmanager
async def open_signer(
    terms: SignerTerms, *, run_blocking: RunBlocking, now_ns: Callable[[], int], environ: Mapping[str, str]
) -> AsyncIterator[Signer]:
    """The signer, for as long as the context lasts. A keystore is opened once, in a thread, which takes half a second.

    Raises:
        ConfigError: a file or variable is missing, open to others, or was not consented to.
        KeystoreError: the keystore cannot be opened with its password.
        SigningRecordError: another process signs for the account, or its record cannot be believed.
        SignerUnreachable: a remote signer is not there, or signs for another account or chain.
    """
    if isinstance(terms.key, RemoteKey):
        remote = RemoteSigner(terms.key.socket, terms.key.address, terms.policy.chain_id)
        await remote.check()
        try:
            yield remote
        finally:
            remote.close()
        return
    async with open_guarded_key(
        terms, is_synced=False, run_blocking=run_blocking, now_ns=now_ns, environ=environ
    ) as key:
        kind = SignerKind.KEYSTORE if isinstance(terms.key, KeystoreKey) else SignerKind.ENVIRONMENT
        yield LocalSigner(key, kind)


@asynccontextmanager
async def open_guarded_key(
    terms: SignerTerms,
    *,
    is_synced: bool,
    run_blocking: RunBlocking,
    now_ns: Callable[[], int],
    environ: Mapping[str, str],
) -> AsyncIterator[GuardedKey]:
    """A key of this process behind its limits (`is_synced`: see there). Raises as `open_signer`."""
    if isinstance(terms.key, RemoteKey):
        raise ConfigError("keystore", "expected a key of this process, found a signer elsewhere")
    key = await run_blocking(read_key, terms.key, environ)
    path = record_path(terms.record_folder, terms.policy.chain_id, key.address)
    # Blocks for milliseconds, at a start.
    with open_record(path, terms.policy.chain_id, key.address) as record:
        standing = LatchView(terms.latch, terms.halt_file).standing
        yield GuardedKey(key, terms.policy, record, is_synced=is_synced, standing=standing, now_ns=now_ns)


def said_address(source: KeystoreKey | EnvironmentKey | RemoteKey, environ: Mapping[str, str]) -> bytes:
    """The address of a wallet, as its keystore says; only one that does not say it is opened. Blocking.

    Raises:
        ConfigError, KeystoreError: as `open_signer`.
    """
    if isinstance(source, RemoteKey):
        return source.address
    if isinstance(source, KeystoreKey):
        said = keystore_address(read_secret_file(source.path, "keystore"))
        if said is not None:
            return said
    return read_key(source, environ).address


def read_key(source: KeystoreKey | EnvironmentKey, environ: Mapping[str, str]) -> SigningKey:
    """The key itself. Blocking. Raises ConfigError and KeystoreError as `open_signer`."""
    if isinstance(source, KeystoreKey):
        text = read_secret_file(source.path, "keystore")
        password = source.password.read(environ)
        try:
            return opened_keystore(text, password)
        except KeystoreError as error:
            raise KeystoreError(f"{source.path}: {error}") from None
    if not source.accepted:
        raise ConfigError(
            "accept_environment_key",
            f"expected true, as every process of this user can read the key in {source.name}; found false",
        )
    if not (text_of_key := environ.get(source.name, "")):
        raise ConfigError("key_env", f"expected a key in the environment variable {source.name}, found nothing; set it")
    return SigningKey.from_text(Secret(text_of_key))
