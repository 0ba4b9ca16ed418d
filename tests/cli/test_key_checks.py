"""What `alphapulse doctor` says of keys."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from alphapulse.cli.key_checks import key_findings, key_line
from alphapulse.cli.main import main
from alphapulse.config import parse_config
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.secret import Secret
from alphapulse.signing.key_files import write_secret_file
from alphapulse.signing.keystore import sealed_keystore
from alphapulse.signing.signing_key import SigningKey
from tests.fakes.signers import SCALAR

pytestmark = pytest.mark.real_io
KEY = SigningKey(SCALAR)
OWN = checksum_address(KEY.address)
HEAD = '[collectors.day]\nkind = "recorded"\nlogs = ["logs.json"]\n[strategies.flash_arbitrage]\n'
CHAIN = """[collectors.polygon]
kind = "evm"
chain_id = 137
block_time_ms = 2000
[[collectors.polygon.nodes]]
label = "one"
http = "http://127.0.0.1:1"
ws = "ws://127.0.0.1:1"
[strategies.flash_arbitrage]
evaluate = "block"
"""
KEYSTORE = 'keystore = "main.json"\npassword = { file = "password" }'


def lines(folder: Path, wallet: str, head: str = HEAD) -> list[tuple[str, str, bool]]:
    text = f'{head}[wallets.main]\nexecutor = "{OWN}"\n{wallet}\n'
    config = parse_config(tomllib.loads(text), folder=folder)
    return [key_line(finding) for finding in key_findings(config)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = sealed_keystore(KEY, Secret("correct horse"), chance=bytes, scrypt_n=2)
    write_secret_file(tmp_path / "main.json", text)
    write_secret_file(tmp_path / "password", b"correct horse")
    return tmp_path


def test_a_keystore_that_opens_is_told_with_mode_owner_and_address(folder: Path) -> None:
    ((name, text, well),) = lines(folder, KEYSTORE)
    assert (name, well) == ("key main", True)
    assert text.startswith(f"{OWN}, {folder / 'main.json'}, mode 0600, of user ")
    assert text.endswith("opens with its password")


def test_what_keeps_a_key_from_opening_is_told(folder: Path) -> None:
    (folder / "password").write_text("another")
    assert "expected the password of this keystore" in lines(folder, KEYSTORE)[0][1]
    (folder / "main.json").chmod(0o604)
    assert "expected mode 0600, found 0604" in lines(folder, KEYSTORE)[0][1]
    (folder / "main.json").unlink()
    told = lines(folder, KEYSTORE)
    assert told == [("key main", f"NOT WELL: keystore: {folder / 'main.json'}: expected a file, found none", False)]


def test_a_key_in_the_environment_is_told_as_what_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wallet = 'key_env = "WALLET_KEY"\naccept_environment_key = true'
    assert lines(folder, wallet)[0][2] is False
    monkeypatch.setenv("WALLET_KEY", SCALAR.hex())
    ((_, text, well),) = lines(folder, wallet)
    assert (text, well) == (
        f"{OWN}, in the environment variable WALLET_KEY, which every process of this user can read",
        True,
    )


def test_who_asks_the_relay_is_told_and_is_no_wallet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its key signs what strangers see."""
    relay = '[execution]\nsend = "bundle"\nrelay = "http://127.0.0.1:1"\nrelay_identity'
    head = f'{HEAD}{relay} = {{ key_env = "WHO", accept_environment_key = true }}\n'
    monkeypatch.setenv("WHO", "0x" + "07" * 32)
    assert [(name, well) for name, _, well in lines(folder, KEYSTORE, head)] == [
        ("key main", True),
        ("key execution.relay_identity", True),
    ]
    monkeypatch.setenv("WHO", SCALAR.hex())
    _, (_, text, well) = lines(folder, KEYSTORE, head)
    assert (text.endswith("expected a key of its own, found that of a wallet"), well) == (True, False)


def test_a_signer_that_is_not_there_is_told(folder: Path) -> None:
    wallet = f'signer = "signer.sock"\naddress = "{OWN}"'
    ((_, text, well),) = lines(folder, wallet, CHAIN)
    assert not well
    assert f"the signer at {folder / 'signer.sock'}: nobody answers" in text


def test_the_doctor_ends_with_1_if_a_key_is_not_well(folder: Path) -> None:
    config = folder / "config.toml"
    config.write_text(f'{HEAD}[wallets.main]\nexecutor = "{OWN}"\n{KEYSTORE}\n')
    assert CliRunner().invoke(main, ["doctor", "--config", str(config)]).exit_code == 0
    (folder / "password").chmod(0o644)
    done = CliRunner().invoke(main, ["doctor", "--config", str(config)])
    assert done.exit_code == 1
    assert "key main       NOT WELL: password: " in done.stdout
    assert "correct horse" not in done.output
