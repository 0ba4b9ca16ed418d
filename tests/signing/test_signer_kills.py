"""What a signer has handed out is written down, whenever its process is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import attrs
import pytest

from alphapulse.errors import SigningRefused
from alphapulse.rules.signing.halt_standing import HaltStanding, Stop
from alphapulse.rules.signing.signing_policy import SigningPolicy
from alphapulse.signing.guarded_key import GuardedKey
from alphapulse.signing.signing_record import SigningRecord, open_record
from tests.signing.conftest import EXECUTOR, KEY, TRADE

pytestmark = [pytest.mark.real_io, pytest.mark.slow]
KILLS = int(os.environ.get("ALPHAPULSE_SIGNER_KILLS", "8"))
MOST_BEFORE = 40
"""Signatures before a kill."""


def guarded(record: SigningRecord) -> GuardedKey:
    """A key that refuses nothing but what was signed already."""
    policy = SigningPolicy(
        chain_id=137,
        destinations=frozenset({EXECUTOR}),
        most_gas_limit=10**7,
        most_cap_wei=10**6,
        most_per_window=10**6,
        window_ns=1,
        most_daily_wei=None,
    )
    going = HaltStanding(Stop.NONE, "", 0)
    return GuardedKey(KEY, policy, record, is_synced=False, standing=lambda: going, now_ns=time.time_ns)


def sign_for_ever(path: Path, first: int) -> None:
    """Sign number after number, and say each when it is handed out: what the killed process does."""
    with open_record(path, 137, KEY.address) as record:
        key = guarded(record)
        for nonce in range(first, 2**32):
            key.sign(attrs.evolve(TRADE, nonce=nonce), 0)
            sys.stdout.write(f"{nonce}\n")
            sys.stdout.flush()


def test_no_number_that_was_handed_out_is_signed_for_anything_else(tmp_path: Path) -> None:
    """Killed at random moments (`kill -9`), the next process still refuses every one of them, and goes on."""
    path, chance, first = tmp_path / "signed.record", Random(7), 0
    told: list[int] = []
    for _ in range(KILLS):
        program = "from tests.signing.test_signer_kills import *; sign_for_ever(Path(sys.argv[1]), int(sys.argv[2]))"
        command = [sys.executable, "-c", program, str(path), str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
            assert process.stdout is not None
            told += [int(process.stdout.readline()) for _ in range(chance.randint(1, MOST_BEFORE))]
            process.send_signal(signal.SIGKILL)
            told += map(int, process.stdout.read().split())
        with open_record(path, 137, KEY.address) as record:
            key = guarded(record)
            for nonce in told:
                with pytest.raises(SigningRefused, match="by the rule nonce"):
                    key.sign(attrs.evolve(TRADE, nonce=nonce, data=b"other"), 0)
            assert key.sign(attrs.evolve(TRADE, nonce=told[-1]), 0) == KEY.sign(attrs.evolve(TRADE, nonce=told[-1]))
        first = told[-1] + 2  # one more may be written down than was handed out
    assert len(told) == len(set(told)) >= KILLS
