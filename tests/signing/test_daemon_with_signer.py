"""The daemon trades for real while its key is in another process, which may end and come back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import pytest
import trio

from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.create2 import create_address
from alphapulse.secret import Secret
from alphapulse.signing.key_files import write_secret_file
from alphapulse.signing.keystore import sealed_keystore
from alphapulse.signing.signing_key import SigningKey
from tests.prove_execution.judge import judge_books
from tests.prove_execution.patience import unhurried
from tests.prove_execution.rig import Rig, open_rig

__all__ = ["unhurried"]
pytestmark = [pytest.mark.real_io, pytest.mark.slow, pytest.mark.usefixtures("unhurried")]
SEED = 5
MOST_BLOCKS = 40
"""In each of them there is a gap; one is enough."""
KEY = SigningKey(Random(f"wallet {SEED}").randbytes(32))
EXECUTOR = checksum_address(create_address(KEY.address, 0))
TEXT = f"""
socket = "signer.sock"
keystore = "main.json"
password = {{ file = "password" }}
latch = "data/live.halt"
record_folder = "record"
chain_id = 137
destinations = ["{EXECUTOR}"]
most_gas_limit = 3_000_000
most_cap_wei = 6_000_000_000_000
most_signatures = 1_000
window_s = 60
most_daily_wei = 1_000_000_000_000_000_000_000_000
"""


@contextmanager
def signer(folder: Path) -> Iterator[None]:
    """The signer's process, until the block ends."""
    command = [sys.executable, "-c", "from alphapulse.cli.main import main; main()", "signer", "--config"]
    with (
        (folder / "signer.log").open("ab") as log,
        subprocess.Popen([*command, str(folder / "signer.toml")], stdout=subprocess.PIPE, stderr=log) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"signs for ")
        try:
            yield
        finally:
            process.terminate()


async def trades(rig: Rig, more: int) -> int:
    """Blocks with gaps until so many more transactions are mined, or there were enough blocks. How many came."""
    before = await rig.nonce()
    for _ in range(MOST_BLOCKS):
        await rig.block()
        await rig.answered()
        if await rig.nonce() - before > more:
            break
    return await rig.nonce() - before


async def test_it_trades_while_its_signer_is_there(tmp_path: Path) -> None:
    """Nothing is sent without it; when it is back, trading goes on, and the books agree with the chain."""
    write_secret_file(tmp_path / "main.json", sealed_keystore(KEY, Secret("correct horse"), chance=bytes, scrypt_n=2))
    write_secret_file(tmp_path / "password", b"correct horse")
    (tmp_path / "signer.toml").write_text(TEXT)
    wallet = f'{{ executor = "{EXECUTOR}", signer = "signer.sock", address = "{checksum_address(KEY.address)}" }}'
    with trio.fail_after(300), ExitStack() as first:
        first.enter_context(signer(tmp_path))
        async with open_rig(tmp_path, seed=SEED, changed={"main": wallet}) as rig:
            assert await trades(rig, 2) > 2
            first.close()
            arrived = len(rig.front.arrivals)
            for _ in range(3):
                await rig.block()
                await rig.answered()
            assert len(rig.front.arrivals) == arrived
            assert rig.daemon.is_running
            with signer(tmp_path):
                assert await trades(rig, 2) > 2
                await rig.settle()
                rig.broken += await judge_books(rig)
                assert rig.broken == []
    said = rig.daemon.log + (tmp_path / "signer.log").read_text()
    assert KEY.reveal().hex() not in said
    assert "correct horse" not in said
