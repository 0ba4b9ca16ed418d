"""From a transaction to its signed bytes: the bare signature, with all that guards it, and by a signer's process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import attrs
import trio

from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.journal.blocking import RunBlocking
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, read_signed
from alphapulse.rules.signing.signing_policy import SigningPolicy
from alphapulse.safety.latch import LatchRecord, write_latch
from alphapulse.secret import Secret
from alphapulse.signing.key_files import PasswordSource, write_secret_file
from alphapulse.signing.keystore import sealed_keystore
from alphapulse.signing.opening import open_signer
from alphapulse.signing.signer import Signer
from alphapulse.signing.signer_terms import KeystoreKey, RemoteKey, SignerTerms
from alphapulse.signing.signing_key import SigningKey
from benchmarks.day import Day
from benchmarks.figures import ROUNDS, Budget, Figure, microseconds

CALLS = 200
PATH_BYTES = 261
"""Of the packed path of three pools, which is what most trades carry."""
SIGNED_BUDGET = Budget(1_000)
EXECUTOR = bytes([2]) * 20
KEY = SigningKey(bytes(range(1, 33)))
PLAIN = DynamicFeeTransaction(137, 0, 30 * 10**9, 60 * 10**9, 500_000, EXECUTOR, 0, bytes(PATH_BYTES))
TEXT = f"""
socket = "signer.sock"
keystore = "main.json"
password = {{ file = "password" }}
latch = "live.halt"
record_folder = "signer"
chain_id = 137
destinations = ["{checksum_address(EXECUTOR)}"]
most_gas_limit = 3_000_000
most_cap_wei = 1_000_000_000_000
most_signatures = 1_000_000
window_s = 1
most_daily_wei = 1_000_000_000_000_000_000_000_000_000
"""


def measure(_day: Day) -> list[Figure]:
    """Every transaction is another one: what was signed already costs less."""
    signed = KEY.sign(PLAIN).raw
    figures = [
        microseconds("signing: the bare signature", _bare),
        microseconds("signing: read back, with its sender", lambda: len([read_signed(signed) for _ in range(10)])),
    ]
    with TemporaryDirectory() as name:
        folder = Path(name)
        _write_files(folder)
        local = trio.run(
            _guarded, _terms(folder, KeystoreKey(folder / "main.json", PasswordSource(folder / "password")))
        )
        figures.append(Figure("transaction -> signed bytes, key in the daemon", "µs", local, SIGNED_BUDGET))
        with _signer(folder):
            remote = trio.run(_guarded, _terms(folder, RemoteKey(folder / "signer.sock", KEY.address)))
        figures.append(Figure("transaction -> signed bytes, signer's process", "µs", remote, SIGNED_BUDGET))
    return figures


def _bare() -> int:
    for nonce in range(10):
        KEY.sign(attrs.evolve(PLAIN, nonce=nonce))
    return 10


def _write_files(folder: Path) -> None:
    write_secret_file(folder / "main.json", sealed_keystore(KEY, Secret("a password"), chance=os.urandom, scrypt_n=2))
    write_secret_file(folder / "password", b"a password")
    (folder / "signer.toml").write_text(TEXT)
    change = HaltChange(
        halt_id=1, epoch=1, scope=GLOBAL, level=Level.ACTIVE, actor="benchmark", via=Via.API, reason="go", at_ns=1
    )
    write_latch(folder / "live.halt", LatchRecord((change,), 2, 1))


def _terms(folder: Path, key: KeystoreKey | RemoteKey) -> SignerTerms:
    policy = SigningPolicy(
        chain_id=137,
        destinations=frozenset({EXECUTOR}),
        most_gas_limit=3_000_000,
        most_cap_wei=10**12,
        most_per_window=10**6,
        window_ns=10**9,
        most_daily_wei=None,
    )
    latch = folder / "live.halt"
    return SignerTerms(key=key, policy=policy, record_folder=folder, latch=latch, halt_file=folder / "HALT")


async def _guarded(terms: SignerTerms) -> tuple[float, ...]:
    run_blocking = cast(RunBlocking, trio.to_thread.run_sync)
    async with open_signer(terms, run_blocking=run_blocking, now_ns=time.time_ns, environ={}) as signer:
        await _round(signer, 0)
        return tuple([await _round(signer, number) for number in range(1, ROUNDS + 1)])


async def _round(signer: Signer, number: int) -> float:
    """Microseconds for each."""
    began = time.perf_counter_ns()
    for nonce in range(number * CALLS, (number + 1) * CALLS):
        await signer.sign(attrs.evolve(PLAIN, nonce=nonce), halt_epoch=1)
    return (time.perf_counter_ns() - began) / CALLS / 1e3


@contextmanager
def _signer(folder: Path) -> Iterator[None]:
    command = [sys.executable, "-c", "from alphapulse.cli.main import main; main()", "signer", "--config"]
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, str(folder / "signer.toml")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            if process.stdout is None or not process.stdout.readline():
                raise RuntimeError("expected the signer to begin, found that it ended")
            yield
        finally:
            process.terminate()
