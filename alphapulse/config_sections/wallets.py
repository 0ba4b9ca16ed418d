"""`[wallets.NAME]`: accounts that sign, the contract that each of them owns, and where its key is."""

from __future__ import annotations

from collections.abc import Mapping

from alphapulse.config_reading import Section
from alphapulse.config_sections.values import ADDRESS, NAME, SecretSource
from alphapulse.errors import ConfigError

WAYS = ("keystore", "signer", "key_env")
"""How a wallet's signatures are made; a wallet has one of these keys."""


class WalletSection(Section, frozen=True):
    """`[wallets.NAME]`: an account that trades for real. Exactly one of `keystore`, `signer` and `key_env`."""

    executor: str
    keystore: str | None = None
    password: SecretSource | None = None
    signer: str | None = None
    address: str | None = None
    key_env: str | None = None
    accept_environment_key: bool = False


def check_wallets(wallets: Mapping[str, WalletSection]) -> None:
    """Raises ConfigError for a wallet that says too little, too much, or what another one says too."""
    owners: dict[str, str] = {}
    for name, wallet in wallets.items():
        path = f"wallets.{name}"
        if not NAME.fullmatch(name):
            raise ConfigError(path, "expected a name of 1 to 40 letters, digits, hyphens and underscores")
        _check_address(f"{path}.executor", wallet.executor)
        other = owners.setdefault(wallet.executor.lower(), name)
        if other != name:
            raise ConfigError(
                f"{path}.executor", f"expected a contract of its own, as each obeys one owner, found that of {other}"
            )
        _check_key(path, wallet)


def _check_key(path: str, wallet: WalletSection) -> None:
    ways = [way for way in WAYS if getattr(wallet, way) is not None]
    if len(ways) != 1:
        found = " and ".join(ways) or "none"
        raise ConfigError(path, f"expected exactly one of {', '.join(WAYS)}, found {found}")
    (way,) = ways
    if (way == "keystore") != (wallet.password is not None):
        raise ConfigError(f"{path}.password", "expected it with keystore, and with nothing else")
    if wallet.password is not None and (wallet.password.env is None) == (wallet.password.file is None):
        found = "neither" if wallet.password.env is None else "both"
        raise ConfigError(f"{path}.password", f"expected exactly one of `env` and `file`, found {found}")
    if (way == "signer") != (wallet.address is not None):
        raise ConfigError(f"{path}.address", "expected it with signer, and with nothing else")
    if wallet.address is not None:
        _check_address(f"{path}.address", wallet.address)
    if way == "key_env" and not wallet.accept_environment_key:
        raise ConfigError(
            f"{path}.accept_environment_key",
            "expected true beside key_env, as every process of this user can read an environment; found false",
        )
    if way != "key_env" and wallet.accept_environment_key:
        raise ConfigError(f"{path}.accept_environment_key", "expected it with key_env, and with nothing else")


def _check_address(path: str, text: str) -> None:
    if not ADDRESS.fullmatch(text):
        raise ConfigError(path, f"expected 0x and 40 hex digits, found {text!r}")
