"""`alphapulse wallet`: keys of accounts, what the accounts have, and their executor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from alphapulse.cli.setup import config_option, read_config, reports_errors
from alphapulse.cli.wallet_deploy import deploy
from alphapulse.cli.wallet_holdings import allowances, balances
from alphapulse.composition.signing import address_at, key_source_of
from alphapulse.config import Config
from alphapulse.errors import ConfigError, KeystoreError
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.secret import Secret
from alphapulse.signing.key_files import PasswordSource, read_secret_file, write_secret_file
from alphapulse.signing.keystore import keystore_address, opened_keystore, sealed_keystore
from alphapulse.signing.opening import said_address
from alphapulse.signing.signing_key import SigningKey

LEAST_PASSWORD = 8
"""Characters of a new one."""

file_argument = click.argument("file", type=click.Path(path_type=Path))
password_option = click.option(
    "--password-file", type=click.Path(path_type=Path), help="Holds the password, mode 0600. Default: asked for."
)


@click.group()
def wallet() -> None:
    """Make and show the accounts that trade for real, and deploy their executor."""


for command in (balances, allowances, deploy):
    wallet.add_command(command)


@wallet.command()
@file_argument
@password_option
@reports_errors
def create(file: Path, password_file: Path | None) -> None:
    """Make a new key, and write it to FILE, encrypted with a password (keystore version 3)."""
    password = _new_password(password_file)
    _keep(SigningKey.made(os.urandom), file, password)


@wallet.command(name="import")
@file_argument
@click.option(
    "--key-file", type=click.Path(path_type=Path), help="Holds the key as 64 hex digits, mode 0600. Default: asked for."
)
@password_option
@reports_errors
def import_key(file: Path, key_file: Path | None, password_file: Path | None) -> None:
    """Write a key that exists to FILE, encrypted with a password (keystore version 3)."""
    if key_file is not None:
        text = Secret(read_secret_file(key_file, "--key-file").decode("ascii", "replace"))
    else:
        text = Secret(click.prompt("Private key (64 hex digits, not shown)", hide_input=True, err=True))
    key = SigningKey.from_text(text)
    _keep(key, file, _new_password(password_file))


@wallet.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@config_option
@reports_errors
def address(file: Path | None, config_path: Path | None) -> None:
    """Show the address of the keystore FILE, or of each wallet of the configuration."""
    if file is not None:
        said = keystore_address(read_secret_file(file, "keystore"))
        if said is None:
            raise KeystoreError(
                f"{file}: expected an address in it, found none; a wallet of the configuration is opened"
            )
        click.echo(checksum_address(said))
        return
    for line in _addresses(read_config(config_path)):
        click.echo(line)


def _addresses(config: Config) -> Iterator[str]:
    if not config.wallets:
        raise ConfigError("wallets", "expected a table [wallets.NAME], found none; or name a keystore's file")
    for name, section in config.wallets.items():
        own = said_address(key_source_of(name, section, config), os.environ)
        executor = checksum_address(address_at(f"wallets.{name}.executor", section.executor))
        yield f"{name:<16} {checksum_address(own)}  executor {executor}"


def _keep(key: SigningKey, file: Path, password: Secret) -> None:
    """Write it, and read it back before anybody relies on it."""
    write_secret_file(file, sealed_keystore(key, password, chance=os.urandom))
    if opened_keystore(read_secret_file(file, "keystore"), password).address != key.address:
        raise KeystoreError(f"{file}: expected the key that was written, found another; do not use it")
    click.echo(checksum_address(key.address))
    click.echo(
        f"Its key is in {file}. Keep a copy, and the password elsewhere: without both, what the account has is lost.",
        err=True,
    )


def _new_password(file: Path | None) -> Secret:
    if file is not None:
        password = PasswordSource(file=file).read(os.environ)
    else:
        password = Secret(click.prompt("Password (not shown)", hide_input=True, confirmation_prompt=True, err=True))
    if len(password.reveal()) < LEAST_PASSWORD:
        raise KeystoreError(f"expected a password of at least {LEAST_PASSWORD} characters, found a shorter one")
    return password
