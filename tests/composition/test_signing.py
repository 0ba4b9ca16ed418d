"""A wallet of the configuration becomes the terms of its signer."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from alphapulse.composition.environment import DataPaths
from alphapulse.composition.signing import signer_terms_of
from alphapulse.config import parse_config
from alphapulse.data.execution import Mode
from alphapulse.errors import ConfigError
from alphapulse.rules.signing.signing_policy import MOST_GAS_LIMIT
from alphapulse.signing.key_files import PasswordSource
from alphapulse.signing.signer_terms import EnvironmentKey, KeystoreKey, RemoteKey, SignerTerms

EXECUTOR = "0x" + "22" * 20
KEYSTORE = 'keystore = "keys/main.json"\npassword = { file = "keys/main.password" }'
FOLDER = Path("/there")


def terms(key: str, cap: str = "cap_wei = 500", executor: str = EXECUTOR) -> SignerTerms:
    text = f"""
[collectors.day]
kind = "recorded"
logs = ["logs.json"]
[strategies.flash_arbitrage]
[execution]
{cap}
[wallets.main]
executor = "{executor}"
{key}
"""
    config = parse_config(tomllib.loads(text), folder=FOLDER)
    return signer_terms_of("main", config, 137, DataPaths.in_folder(config.data_folder, Mode.LIVE))


def test_each_way_to_a_key_has_its_terms() -> None:
    assert terms(KEYSTORE).key == KeystoreKey(
        FOLDER / "keys/main.json", PasswordSource(file=FOLDER / "keys/main.password")
    )
    signer = f'signer = "run/signer.sock"\naddress = "{EXECUTOR}"'
    assert terms(signer).key == RemoteKey(FOLDER / "run/signer.sock", b"\x22" * 20)
    variable = 'key_env = "KEY"\naccept_environment_key = true'
    assert terms(variable).key == EnvironmentKey("KEY", accepted=True)


def test_what_may_be_signed_follows_from_the_configuration() -> None:
    """The wallet's own executor, on the chain, at most at the cap."""
    made = terms(KEYSTORE)
    policy = made.policy
    assert (policy.chain_id, policy.destinations) == (137, frozenset({b"\x22" * 20}))
    assert (policy.most_cap_wei, policy.most_gas_limit, policy.most_daily_wei) == (500, MOST_GAS_LIMIT, None)
    assert (made.record_folder, made.latch) == (FOLDER / "data", FOLDER / "data" / "live.halt")
    assert made.halt_file == FOLDER / "data" / "HALT"


def test_what_is_missing_or_mistyped_is_named() -> None:
    with pytest.raises(ConfigError, match=r"execution.cap_wei: expected the most per gas that a wallet may sign"):
        terms(KEYSTORE, cap="")
    with pytest.raises(ConfigError, match=r"wallets.main.executor: expected the checksum of 0x52908400"):
        terms(KEYSTORE, executor="0x52908400098527886E0F7030069857D2E4169Ee7")
