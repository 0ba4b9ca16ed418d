"""An operator's hand on the transactions of a daemon that trades for real, by the commands that people type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import trio
from click.testing import CliRunner

from alphapulse.cli.main import main
from tests.prove_execution.patience import unhurried
from tests.prove_execution.rig import Rig, open_rig

__all__ = ["unhurried"]
pytestmark = [pytest.mark.real_io, pytest.mark.slow, pytest.mark.usefixtures("unhurried")]

LEFT_ALONE: dict[str, int | str] = {
    "enabled": "true",
    "bump_after_blocks": 50,
    "deadline_blocks": 40,
    "resend_s": 300,
}
"""With the control plane, and without the daemon's own replacements."""
HANG_S = 180
BLOCKS = 20


async def typed(rig: Rig, *words: str) -> tuple[int, str, str]:
    """Exit code, output and complaint of a command."""
    command = [*words, "--config", str(rig.daemon.config)]
    done = await trio.to_thread.run_sync(CliRunner().invoke, main, command)
    return done.exit_code, done.stdout, done.stderr


async def asked(rig: Rig, *words: str) -> Any:
    """What a command says as JSON."""
    code, said, complaint = await typed(rig, *words, "--json")
    assert code == 0, complaint
    return json.loads(said)


async def sent_trade(rig: Rig) -> dict[str, Any]:
    """A trade that waits to be mined."""
    for _ in range(BLOCKS):
        await rig.block()
        if await rig.answered():
            newest: dict[str, Any] = (await asked(rig, "transactions", "list", "--open"))["transactions"][0]
            return newest
    raise AssertionError("expected a gap to be traded, found none")


async def until_state(rig: Rig, tx_hash: str, state: str) -> dict[str, Any]:
    """All that is known of a transaction, once it is in that state; blocks are mined meanwhile."""
    shown: dict[str, Any] = {}
    for _ in range(BLOCKS):
        await rig.empty_block()
        shown = await asked(rig, "transactions", "show", tx_hash)
        if shown["transaction"]["state"] == state:
            return shown
    raise AssertionError(f"expected it to become {state}, found {shown}")


async def test_a_waiting_trade_is_bumped_and_cancelled_by_hand(tmp_path: Path) -> None:
    with trio.fail_after(HANG_S):
        async with open_rig(tmp_path, seed=1, changed=LEFT_ALONE) as rig:
            trade = await sent_trade(rig)
            assert (trade["purpose"], trade["wallet_name"]) == ("trade", "main")
            bumped = await asked(rig, "transactions", "bump", trade["hash"])
            for field in ("nonce", "purpose", "intent_id", "deadline_block"):
                assert bumped[field] == trade[field]
            for field in ("tip_wei", "cap_wei"):
                assert 10 * int(bumped[field]) >= 11 * int(trade[field])
            cancel = await asked(rig, "transactions", "cancel", bumped["hash"])
            assert (cancel["purpose"], cancel["nonce"], cancel["to"]) == ("cancel", trade["nonce"], trade["wallet"])
            for words, refusal in (
                (("fill-gap", trade["wallet"], "99"), "no_gap"),
                (("fill-gap", "0x" + "00" * 20, "0"), "expected the address of a wallet that trades"),
                (("bump", "0x" + "00" * 32), "no_such_transaction"),
            ):
                code, _, complaint = await typed(rig, "transactions", *words)
                assert code == 1
                assert refusal in complaint
            shown = await until_state(rig, cancel["hash"], "settled")
            assert (shown["trade"]["outcome"], shown["trade"]["finding"]) == ("cancelled", None)
            assert [one["purpose"] for one in shown["trade"]["transactions"]] == ["cancel", "trade", "trade"]
            for replaced in (trade, bumped):
                gone = (await asked(rig, "transactions", "show", replaced["hash"]))["transaction"]
                assert (gone["state"], gone["replaced_by"]) == ("replaced", cancel["hash"])
            code, _, complaint = await typed(rig, "transactions", "cancel", trade["hash"])
            assert (code, "ended" in complaint) == (1, True)
