"""`alphapulse signer` as a process: it signs, refuses, is told to end, and says clearly why it does not begin."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import trio
from click.testing import CliRunner

from alphapulse.cli.main import main
from alphapulse.composition.signer_file import read_signer_file
from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.errors import ConfigError, SignerUnreachable, SigningRefused
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.transaction import DynamicFeeTransaction
from alphapulse.safety.latch import LatchRecord, write_latch
from alphapulse.secret import Secret
from alphapulse.signing.key_files import PasswordSource, write_secret_file
from alphapulse.signing.keystore import sealed_keystore
from alphapulse.signing.remote_signer import RemoteSigner
from alphapulse.signing.signing_key import SigningKey
from tests.fakes.signers import SCALAR

pytestmark = pytest.mark.real_io
KEY = SigningKey(SCALAR)
EXECUTOR = bytes([2]) * 20
TRADE = DynamicFeeTransaction(137, 7, 30, 500, 1_000_000, EXECUTOR, 0, b"path")
TEXT = f"""
socket = "run/signer.sock"
keystore = "keys/main.json"
password = {{ file = "keys/main.password" }}
latch = "data/live.halt"
chain_id = 137
destinations = ["{checksum_address(EXECUTOR)}"]
most_gas_limit = 2_000_000
most_cap_wei = 500_000_000_000
most_signatures = 30
window_s = 60
most_daily_wei = 20_000_000_000_000_000_000
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A signer's file with all that it names."""
    keys = tmp_path / "keys"
    write_secret_file(keys / "main.json", sealed_keystore(KEY, Secret("a password"), chance=bytes, scrypt_n=2))
    write_secret_file(keys / "main.password", b"a password\n")
    say(tmp_path, Level.ACTIVE)
    path = tmp_path / "signer.toml"
    path.write_text(TEXT)
    return path


def say(folder: Path, level: Level) -> None:
    (folder / "data").mkdir(exist_ok=True)
    change = HaltChange(
        halt_id=3, epoch=1, scope=GLOBAL, level=level, actor="a person", via=Via.API, reason="why", at_ns=1
    )
    write_latch(folder / "data" / "live.halt", LatchRecord((change,), 4, 1))


def started(file: Path) -> subprocess.Popen[str]:
    command = [str(Path(sys.executable).with_name("alphapulse")), "signer", "--config", str(file)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
async def test_it_signs_for_another_process_until_it_is_told_to_end(file: Path) -> None:
    """Its key is in none of its words, nor in its arguments."""
    with started(file) as process:
        assert process.stdout is not None
        began = await trio.to_thread.run_sync(process.stdout.readline)
        own = checksum_address(KEY.address)
        assert began.startswith(f"signs for {own} on chain 137, to {checksum_address(EXECUTOR)}, at {file.parent}")
        client = RemoteSigner(file.parent / "run" / "signer.sock", KEY.address, 137, deadline_s=30)
        assert await client.sign(TRADE, halt_epoch=1) == KEY.sign(TRADE)
        say(file.parent, Level.HALTED)
        with pytest.raises(SigningRefused, match="by the rule halted"):
            await client.sign(attrs.evolve(TRADE, nonce=8), halt_epoch=1)
        process.send_signal(signal.SIGTERM)
        out, err = await trio.to_thread.run_sync(lambda: process.communicate(timeout=300))
    assert process.returncode == 0
    assert "signed: number 7" in err
    assert "refused: number 8" in err
    assert SCALAR.hex() not in began + out + err
    assert not (file.parent / "run" / "signer.sock").exists()
    with pytest.raises(SignerUnreachable):
        await client.sign(TRADE, halt_epoch=1)


def wrong_password(file: Path) -> None:
    (file.parent / "keys" / "main.password").write_text("another\n")


def open_keystore(file: Path) -> None:
    (file.parent / "keys" / "main.json").chmod(0o644)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (wrong_password, 1, "expected the password of this keystore, found another"),
        (open_keystore, 78, "expected mode 0600, found 0644"),
        (lambda file: file.chmod(0o666), 78, "expected to be written by its owner alone"),
        (lambda file: file.unlink(), 78, "expected a signer's configuration at"),
        (lambda file: (file.parent / "run" / "signer.sock").mkdir(parents=True), 1, "is no socket"),
    ],
)
def test_it_says_in_one_line_why_it_does_not_begin(
    file: Path, change: Callable[[Path], object], code: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lasting in ("forbid_core_dumps", "mask_last_words"):  # for a whole process; here it goes on
        monkeypatch.setattr(f"alphapulse.cli.signer.{lasting}", lambda: None)
    change(file)
    done = CliRunner().invoke(main, ["signer", "--config", str(file)])
    assert (done.exit_code, done.stdout) == (code, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "a password" not in done.stderr


def test_its_file_says_all_that_it_allows(file: Path) -> None:
    setting = read_signer_file(file)
    folder = file.parent
    assert (setting.socket, setting.key.path) == (folder / "run" / "signer.sock", folder / "keys" / "main.json")
    assert setting.key.password == PasswordSource(file=folder / "keys" / "main.password")
    assert (setting.terms.latch, setting.terms.halt_file) == (folder / "data" / "live.halt", folder / "data" / "HALT")
    policy = setting.terms.policy
    assert (policy.chain_id, policy.destinations) == (137, frozenset({EXECUTOR}))
    assert (policy.most_gas_limit, policy.most_cap_wei) == (2_000_000, 500 * 10**9)
    assert (policy.most_per_window, policy.window_ns, policy.most_daily_wei) == (30, 60 * 10**9, 20 * 10**18)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("chain_id = 137\n", "", "chain_id: expected a whole number, found no such key"),
        ("most_daily_wei = 20", "most_weekly_wei = 20", "most_weekly_wei: unknown key"),
        (checksum_address(EXECUTOR), "0x12", "destinations.0.: expected an address"),
        (f'["{checksum_address(EXECUTOR)}"]', "[]", "destinations: expected the address of an executor"),
        ("most_gas_limit = 2_000_000", "most_gas_limit = 20_999", "most_gas_limit: expected a whole number from 21000"),
        ('{ file = "keys/main.password" }', '{ file = "a", env = "B" }', "password: expected exactly one"),
        ("window_s = 60", 'window_s = 60\nclients = ["root"]', "group: expected it together with clients"),
        (
            "window_s = 60",
            'window_s = 60\nclients = ["root"]\ngroup = "no such"',
            "group: expected the name of a group",
        ),
        (
            "window_s = 60",
            'window_s = 60\nclients = ["no such"]\ngroup = "root"',
            "clients: expected the name of a user",
        ),
        ("window_s = 60", "window_s 60", "is not valid TOML"),
    ],
)
def test_a_mistake_in_its_file_is_named(file: Path, old: str, new: str, words: str) -> None:
    assert old in TEXT
    file.write_text(TEXT.replace(old, new))
    with pytest.raises(ConfigError, match=words):
        read_signer_file(file)


def test_other_users_are_let_in_by_name(file: Path) -> None:
    file.write_text(TEXT + 'clients = ["nobody", "root"]\ngroup = "root"\n')
    clients = read_signer_file(file).clients
    assert clients.group == 0
    assert 0 in clients.users
    assert len(clients.users) == 2
