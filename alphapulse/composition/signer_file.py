"""The configuration of `alphapulse signer`: a file of its own, which the daemon need not be able to read."""

from __future__ import annotations

import grp
import pwd
import tomllib
from pathlib import Path
from typing import Annotated

import attrs
import msgspec

from alphapulse.composition.signing import address_at
from alphapulse.config_reading import Section, read_document
from alphapulse.config_sections.values import SecretSource
from alphapulse.errors import ConfigError
from alphapulse.rules.signing.signing_policy import SigningPolicy
from alphapulse.safety.halt_file import NAME as HALT_FILE
from alphapulse.signing.key_files import PasswordSource
from alphapulse.signing.signer_service import Clients
from alphapulse.signing.signer_terms import KeystoreKey, SignerTerms

NS_PER_S = 10**9


class SignerFile(Section, frozen=True):
    """What a signer holds and allows. Nothing is allowed by default."""

    socket: str
    keystore: str
    password: SecretSource
    latch: str
    chain_id: Annotated[int, msgspec.Meta(ge=1, le=2**63)]
    destinations: tuple[str, ...]
    most_gas_limit: Annotated[int, msgspec.Meta(ge=21_000, le=10**9)]
    most_cap_wei: Annotated[int, msgspec.Meta(ge=1, le=10**18)]
    most_signatures: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    window_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)]
    most_daily_wei: Annotated[int, msgspec.Meta(ge=1, le=10**30)]
    record_folder: str = "."
    clients: tuple[str, ...] = ()
    group: str | None = None


@attrs.frozen
class SignerSetting:
    """A signer's process: where it listens, for whom, and what it signs."""

    socket: Path
    clients: Clients
    terms: SignerTerms
    key: KeystoreKey


def read_signer_file(path: Path) -> SignerSetting:
    """What the file says. Names of files in it are relative to its folder.

    Raises:
        ConfigError: it is missing or no TOML, or a key is unknown, missing, or of a wrong type or value.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError("", f"expected a signer's configuration at {path}, found: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError("", f"{path} is not valid TOML: {error}") from error
    file, folder = read_document(raw, SignerFile), path.resolve().parent
    if not file.destinations:
        raise ConfigError("destinations", "expected the address of an executor, found an empty list")
    latch = folder / file.latch
    key = KeystoreKey(folder / file.keystore, _password(file.password, folder))
    terms = SignerTerms(
        key=key,
        policy=SigningPolicy(
            chain_id=file.chain_id,
            destinations=frozenset(
                address_at(f"destinations[{place}]", text) for place, text in enumerate(file.destinations)
            ),
            most_gas_limit=file.most_gas_limit,
            most_cap_wei=file.most_cap_wei,
            most_per_window=file.most_signatures,
            window_ns=file.window_s * NS_PER_S,
            most_daily_wei=file.most_daily_wei,
        ),
        record_folder=folder / file.record_folder,
        latch=latch,
        halt_file=latch.with_name(HALT_FILE),
    )
    return SignerSetting(folder / file.socket, _clients(file), terms, key)


def _password(source: SecretSource, folder: Path) -> PasswordSource:
    try:
        return PasswordSource(file=None if source.file is None else folder / source.file, env=source.env)
    except ValueError as error:
        raise ConfigError("password", f"{error}: `file` or `env`") from error


def _clients(file: SignerFile) -> Clients:
    if bool(file.clients) != (file.group is not None):
        raise ConfigError(
            "group",
            "expected it together with clients: a group may open the socket, and the kernel says which of its users "
            "it is; found one without the other",
        )
    return Clients(frozenset(map(_user, file.clients)), None if file.group is None else _group(file.group))


def _user(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise ConfigError("clients", f"expected the name of a user of this machine, found {name!r}") from None


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ConfigError("group", f"expected the name of a group of this machine, found {name!r}") from None
