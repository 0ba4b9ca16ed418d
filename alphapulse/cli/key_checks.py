"""What `alphapulse doctor` says of the keys of wallets: are they there, for whom, and do they open."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import attrs

from alphapulse.cli.work import run_work
from alphapulse.composition.sending_route import IDENTITY
from alphapulse.composition.signing import key_source_of, own_key_of
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.errors import ConfigError, KeystoreError, SignerUnreachable
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.signing.opening import read_key
from alphapulse.signing.remote_signer import RemoteSigner
from alphapulse.signing.signer_terms import EnvironmentKey, KeystoreKey, RemoteKey


@attrs.frozen
class KeyFinding:
    """What was found of a wallet's key."""

    wallet: str
    text: str
    is_well: bool
    address: bytes | None
    """Whose key it is; None if that is not known."""


def key_findings(config: Config, environ: Mapping[str, str] = os.environ) -> Iterator[KeyFinding]:
    """For each wallet of the configuration what was found, and for who asks the relay.

    A keystore is opened, which takes half a second.
    """
    addresses = set()
    for name, section in config.wallets.items():
        try:
            finding = _found(name, key_source_of(name, section, config), config, environ)
        except (ConfigError, KeystoreError, SignerUnreachable) as error:
            finding = KeyFinding(name, str(error), is_well=False, address=None)
        addresses.add(finding.address)
        yield finding
    if (identity := config.execution.relay_identity) is not None:
        try:
            finding = _found(IDENTITY, own_key_of(IDENTITY, identity, config), config, environ)
        except (ConfigError, KeystoreError) as error:
            finding = KeyFinding(IDENTITY, str(error), is_well=False, address=None)
        if finding.is_well and finding.address in addresses:
            text = f"{finding.text}; expected a key of its own, found that of a wallet"
            finding = attrs.evolve(finding, text=text, is_well=False)
        yield attrs.evolve(finding, address=None)  # it owns nothing


def key_line(finding: KeyFinding) -> tuple[str, str, bool]:
    """The same as a row: a name, what was found, and whether it is well."""
    text = finding.text if finding.is_well else f"NOT WELL: {finding.text}"
    return f"key {finding.wallet}", text, finding.is_well


def _found(
    name: str, source: KeystoreKey | EnvironmentKey | RemoteKey, config: Config, environ: Mapping[str, str]
) -> KeyFinding:
    if isinstance(source, RemoteKey):
        return _asked(name, source, config)
    address = read_key(source, environ).address
    own = checksum_address(address)
    if isinstance(source, EnvironmentKey):
        text = f"{own}, in the environment variable {source.name}, which every process of this user can read"
        return KeyFinding(name, text, is_well=True, address=address)
    status = source.path.stat()
    text = f"{own}, {source.path}, mode {status.st_mode & 0o7777:04o}, of user {status.st_uid}, opens with its password"
    return KeyFinding(name, text, is_well=True, address=address)


def _asked(name: str, source: RemoteKey, config: Config) -> KeyFinding:
    chains = [section.chain_id for section in config.collectors.values() if isinstance(section, EvmSection)]
    if not chains:
        raise ConfigError("collectors", 'expected a chain with nodes (kind = "evm"), found a recording')
    signer = RemoteSigner(source.socket, source.address, chains[0])
    try:
        run_work(signer.check)
    finally:
        signer.close()
    text = f"{checksum_address(source.address)}, a signer at {source.socket}, which answers for chain {chains[0]}"
    return KeyFinding(name, text, is_well=True, address=source.address)
