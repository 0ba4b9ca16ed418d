"""`alphapulse devnet`."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from alphapulse.cli.devnet import devnet
from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.data.pools import PoolKind
from tests.chain.worlds import FOLDER, LIMIT_S, chain_packages

pytestmark = pytest.mark.real_io

WALLET = "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"


def test_what_is_missing_is_named_with_the_command_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the node: one line, and the folder holds the lock for the npm command in it."""
    monkeypatch.setenv("PATH", "/nowhere")
    folder = tmp_path / "chain"
    done = CliRunner().invoke(devnet, ["--packages", str(folder)])
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert f"npm ci --prefix {folder}" in done.stderr
    assert {path.name for path in folder.iterdir()} == {"package.json", "package-lock.json", ".npmrc"}


def test_the_lock_names_hashes_and_no_index() -> None:
    """Every package has its hash, and where it comes from is the user's own setting."""
    text = (Path(__file__).parents[2] / "alphapulse/devnet/packages/package-lock.json").read_text("utf-8")
    packages = text.count('"node_modules/')
    assert packages == text.count('"integrity": "sha512-') == 27
    assert "resolved" not in text


@pytest.mark.slow
def test_a_chain_runs_until_it_is_told_to_end() -> None:
    """It says where it listens, mines, and ends well with SIGTERM; the node ends with it."""
    chain_packages()
    program = "from alphapulse.cli.devnet import devnet; devnet()"
    command = [sys.executable, "-c", program, "--port", "0", "--packages", str(FOLDER)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline()]
        while "Ctrl-C" not in told[-1]:
            told.append(process.stdout.readline())
            assert told[-1], told
        process.send_signal(signal.SIGTERM)
        told += process.stdout.readlines()
        assert process.wait(LIMIT_S) == 0
    assert re.fullmatch(r"local chain 137: http://127\.0\.0\.1:(\d+), ws://127\.0\.0\.1:\1\n", told[0])
    assert "  0x45dda9cb7c25131df268515131f647d726f50608  Uniswap V3 USDC.e/WETH 500\n" in told
    assert told[-1] == "the local chain has ended\n"


@pytest.mark.slow
def test_an_executor_stands_for_the_wallet_that_was_named() -> None:
    """It obeys that wallet, and so does what is printed."""
    chain_packages()
    program = "from alphapulse.cli.devnet import devnet; devnet()"
    options = ["--executor", WALLET, "--gap-every", "1", "--rival", "--blocks", "2", "--block-time", "1"]
    done = subprocess.run(
        [sys.executable, "-c", program, "--port", "0", "--packages", str(FOLDER), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(rf"\nexecutor 0x[0-9a-f]{{40}} of wallet {WALLET}, which has 1,000 coins for gas\n", done.stdout)
    assert "8 traders and a rival with seed 1, a block every 1 s" in done.stdout


def test_a_wallet_that_is_no_address_is_refused() -> None:
    """Mistyped by one letter, its checksum says so."""
    wrong = WALLET.replace("D", "d", 1)
    done = CliRunner().invoke(devnet, ["--packages", str(FOLDER), "--executor", wrong])
    assert done.exit_code == 2
    assert "--executor" in done.stderr


@pytest.mark.slow
def test_a_command_runs_beside_the_chain_which_ends_with_it(tmp_path: Path) -> None:
    """It finds the chain there, and its exit code is the whole command's; the pool file is one that collectors read."""
    chain_packages()
    pool_file = tmp_path / "pools.json"
    program = "from alphapulse.cli.devnet import devnet; devnet()"
    command = [sys.executable, "-c", program, "--port", "0", "--packages", str(FOLDER), "--elsewhere", "3"]
    beside = [sys.executable, "-c", f"import sys; print(len(open({str(pool_file)!r}).read())); sys.exit(7)"]
    done = subprocess.run(
        [*command, "--pool-file", str(pool_file), "--", *beside],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 7, done.stderr
    pools = load_pools(pool_file)
    assert len(pools) == 18
    assert {pool.kind for pool in pools} == {PoolKind.V2, PoolKind.V3, PoolKind.ALGEBRA}
    assert bytes.fromhex("45dda9cb7c25131df268515131f647d726f50608") not in {pool.id.body for pool in pools}
