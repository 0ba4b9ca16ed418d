"""The signer of a wallet of the configuration."""

from __future__ import annotations

from pathlib import Path

from alphapulse.composition.environment import DataPaths
from alphapulse.config import Config
from alphapulse.config_sections.own_keys import OwnKeySection
from alphapulse.config_sections.values import SecretSource
from alphapulse.config_sections.wallets import WalletSection
from alphapulse.errors import ConfigError
from alphapulse.rules.evm.checksum import read_address
from alphapulse.rules.signing.signing_policy import MOST_GAS_LIMIT, SigningPolicy
from alphapulse.signing.key_files import PasswordSource
from alphapulse.signing.signer_terms import EnvironmentKey, KeystoreKey, RemoteKey, SignerTerms

MOST_PER_MINUTE = 600
"""Signatures, whatever the gate allows: a loop that has gone wild signs no more."""
MINUTE_NS = 60 * 10**9


def signer_terms_of(name: str, config: Config, chain_id: int, paths: DataPaths) -> SignerTerms:
    """What the signer of the wallet `name` is made of.

    Raises:
        ConfigError: a setting is missing or wrong.
    """
    wallet = config.wallets[name]
    if (cap_wei := config.execution.cap_wei) is None:
        raise ConfigError("execution.cap_wei", "expected the most per gas that a wallet may sign, found no such key")
    policy = SigningPolicy(
        chain_id=chain_id,
        destinations=frozenset({address_at(f"wallets.{name}.executor", wallet.executor)}),
        most_gas_limit=MOST_GAS_LIMIT,
        most_cap_wei=cap_wei,
        most_per_window=MOST_PER_MINUTE,
        window_ns=MINUTE_NS,
        most_daily_wei=None,  # what gas really costs is the gate's to count; here all of it would stand at the cap
    )
    return SignerTerms(
        key=key_source_of(name, wallet, config),
        policy=policy,
        record_folder=paths.folder,
        latch=paths.latch,
        halt_file=paths.halt_file,
    )


def key_source_of(name: str, wallet: WalletSection, config: Config) -> KeystoreKey | EnvironmentKey | RemoteKey:
    """Where the key of the wallet is. Raises ConfigError."""
    path = f"wallets.{name}"
    if wallet.signer is not None:
        return RemoteKey(config.resolve(wallet.signer), address_at(f"{path}.address", wallet.address or ""))
    return own_key_of(path, wallet, config)


def own_key_of(path: str, section: OwnKeySection, config: Config) -> KeystoreKey | EnvironmentKey:
    """Where a key is that this process opens itself. Raises ConfigError."""
    if section.keystore is not None and section.password is not None:
        return KeystoreKey(config.resolve(section.keystore), password_of(f"{path}.password", section.password, config))
    if section.key_env is not None:
        return EnvironmentKey(section.key_env, section.accept_environment_key)
    raise ConfigError(path, "expected a keystore with its password, or key_env, found neither")


def password_of(path: str, source: SecretSource, config: Config) -> PasswordSource:
    """Where a password stands. Raises ConfigError."""
    file: Path | None = None if source.file is None else config.resolve(source.file)
    try:
        return PasswordSource(file=file, env=source.env)
    except ValueError as error:
        raise ConfigError(path, str(error)) from error


def address_at(path: str, text: str) -> bytes:
    """The address that a setting names. Raises ConfigError: it is none, or mistyped."""
    try:
        return read_address(text)
    except ValueError as error:
        raise ConfigError(path, str(error)) from error
