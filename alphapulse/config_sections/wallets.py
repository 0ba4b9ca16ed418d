"""`[wallets.NAME]`: accounts that sign, the contract that each of them owns, and where its key is."""

from __future__ import annotations

from collections.abc import Mapping

from alphapulse.config_sections.own_keys import OwnKeySection, check_own_key
from alphapulse.config_sections.values import ADDRESS, NAME
from alphapulse.errors import ConfigError

WAYS = ("keystore", "signer", "key_env")
"""How a wallet's signatures are made; a wallet has one of these keys."""


class WalletSection(OwnKeySection, frozen=True, kw_only=True):
    """`[wallets.NAME]`: an account that trades for real. Exactly one of `keystore`, `signer` and `key_env`."""

    executor: str
    signer: str | None = None
    address: str | None = None


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
    way = check_own_key(path, wallet, WAYS)
    if (way == "signer") != (wallet.address is not None):
        raise ConfigError(f"{path}.address", "expected it with signer, and with nothing else")
    if wallet.address is not None:
        _check_address(f"{path}.address", wallet.address)


def _check_address(path: str, text: str) -> None:
    if not ADDRESS.fullmatch(text):
        raise ConfigError(path, f"expected 0x and 40 hex digits, found {text!r}")
