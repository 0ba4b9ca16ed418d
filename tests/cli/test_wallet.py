"""`alphapulse wallet`: keys are made and kept, and nothing of them is shown."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from eth_account import Account

from alphapulse.cli.main import main
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.signing.key_files import write_secret_file
from alphapulse.signing.keystore import sealed_keystore
from tests.fakes.signers import SCALAR

pytestmark = pytest.mark.real_io
PASSWORD = "correct horse battery"
ADDRESS = Account.from_key(SCALAR).address
EXECUTOR = checksum_address(bytes([2]) * 20)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keystores whose guesses cost nothing."""
    monkeypatch.setattr(
        "alphapulse.cli.wallet.sealed_keystore",
        lambda key, password, chance: sealed_keystore(key, password, chance=chance, scrypt_n=2),
    )


def run(*arguments: str | Path, typed: str | None = None, **environ: str) -> Result:
    return CliRunner().invoke(main, ["wallet", *map(str, arguments)], input=typed, env=environ)


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    write_secret_file(path, PASSWORD.encode() + b"\n")
    return path


def test_a_new_key_is_sealed_in_a_file_that_other_programs_open(tmp_path: Path, password: Path) -> None:
    """For its owner alone; the address is what is printed, and no two keys are the same."""
    files = [tmp_path / "keys" / name for name in ("a.json", "b.json")]
    told = []
    for file in files:
        done = run("create", file, "--password-file", password)
        assert done.exit_code == 0, done.output
        key = Account.decrypt(file.read_text(), PASSWORD)
        assert done.stdout.strip() == Account.from_key(key).address
        assert key.hex() not in done.output
        assert PASSWORD not in done.output
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        told.append(done.stdout)
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700
    assert len(set(told)) == 2


def test_the_password_is_asked_for_twice(tmp_path: Path) -> None:
    file = tmp_path / "main.json"
    done = run("create", file, typed=f"{PASSWORD}\nanother one\n{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert "The two entered values do not match" in done.output
    assert PASSWORD not in done.output
    assert Account.from_key(Account.decrypt(file.read_text(), PASSWORD)).address == done.stdout.strip()
    assert run("create", tmp_path / "other.json", typed="").exit_code == 1
    assert not (tmp_path / "other.json").exists()


def test_a_key_is_imported_from_a_file_or_from_the_terminal(tmp_path: Path, password: Path) -> None:
    key_file = tmp_path / "key"
    write_secret_file(key_file, f"0x{SCALAR.hex()}\n".encode())
    by_file = run("import", tmp_path / "a.json", "--key-file", key_file, "--password-file", password)
    by_hand = run("import", tmp_path / "b.json", "--password-file", password, typed=f"{SCALAR.hex()}\n")
    for done, name in ((by_file, "a.json"), (by_hand, "b.json")):
        assert (done.exit_code, done.stdout) == (0, ADDRESS + "\n"), done.output
        assert SCALAR.hex() not in done.output
        assert bytes(Account.decrypt((tmp_path / name).read_text(), PASSWORD)) == SCALAR


def test_a_key_is_never_written_over(tmp_path: Path, password: Path) -> None:
    file = tmp_path / "main.json"
    file.write_text("precious")
    done = run("create", file, "--password-file", password)
    assert done.exit_code == 1
    assert "expected no file, found one; name another, a key is never written over" in done.stderr
    assert file.read_text() == "precious"


@pytest.mark.parametrize(
    ("mode", "text", "words", "code"),
    [
        (0o600, "short\n", "at least 8 characters", 1),
        (0o644, PASSWORD, "expected mode 0600, found 0644", 78),
        (0o600, "", "found an empty file", 78),
    ],
)
def test_a_password_that_will_not_do_is_refused(tmp_path: Path, mode: int, text: str, words: str, code: int) -> None:
    path = tmp_path / "password"
    path.write_text(text)
    path.chmod(mode)
    done = run("create", tmp_path / "main.json", "--password-file", path)
    assert done.exit_code == code
    assert words in done.stderr
    assert not (tmp_path / "main.json").exists()


@pytest.mark.parametrize("text", [SCALAR.hex()[:-2], "z" * 64, "0" * 64])
def test_what_is_no_key_is_not_imported_and_not_repeated(tmp_path: Path, password: Path, text: str) -> None:
    key_file = tmp_path / "key"
    write_secret_file(key_file, text.encode())
    done = run("import", tmp_path / "main.json", "--key-file", key_file, "--password-file", password)
    assert done.exit_code == 1
    assert "expected a key" in done.stderr
    assert text[:20] not in done.output


def config(folder: Path, *wallets: str) -> Path:
    path = folder / "config.toml"
    text = '[collectors.day]\nkind = "recorded"\nlogs = ["logs.json"]\n[strategies.flash_arbitrage]\n'
    path.write_text(text + "\n".join(wallets))
    return path


def test_the_addresses_of_all_wallets_are_shown_without_their_keys(tmp_path: Path, password: Path) -> None:
    """Of a keystore by what it says, of a signer by what the configuration says, of a variable by its key."""
    made = run("create", tmp_path / "main.json", "--password-file", password)
    password.unlink()
    others = [checksum_address(bytes([number]) * 20) for number in (3, 4)]
    path = config(
        tmp_path,
        f'[wallets.main]\nexecutor = "{EXECUTOR}"\nkeystore = "main.json"\npassword = {{ env = "NOT_SET" }}',
        f'[wallets.far]\nexecutor = "{others[0]}"\nsigner = "signer.sock"\naddress = "{others[1]}"',
        f'[wallets.env]\nexecutor = "{others[1]}"\nkey_env = "WALLET_KEY"\naccept_environment_key = true',
    )
    done = run("address", "--config", path, WALLET_KEY=SCALAR.hex())
    assert done.exit_code == 0, done.output
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["main", made.stdout.strip()],
        ["far", others[1]],
        ["env", ADDRESS],
    ]
    assert run("address", tmp_path / "main.json").stdout == made.stdout


def test_mistakes_are_said_in_one_line(tmp_path: Path, password: Path) -> None:
    run("create", tmp_path / "main.json", "--password-file", password)
    fields = json.loads((tmp_path / "main.json").read_text())
    del fields["address"]
    write_secret_file(tmp_path / "nameless.json", json.dumps(fields).encode())
    none = config(tmp_path)
    for arguments, words in (
        (("address", tmp_path / "nameless.json"), "expected an address in it, found none"),
        (("address", tmp_path / "missing.json"), "expected a file, found none"),
        (("address", "--config", none), "expected a table [wallets.NAME], found none"),
        (("balances", "--config", none), "expected a chain with nodes"),
        (("allowances", "--config", none), "expected a chain with nodes"),
        (("deploy", tmp_path / "main.json", "--config", none), "expected a chain with nodes"),
    ):
        done = run(*arguments)
        assert done.exit_code in (1, 78)
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
