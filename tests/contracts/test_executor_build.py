"""The committed code is what the source says."""

from __future__ import annotations

import json

import pytest

from alphapulse.rules.evm.executor_code import creation_code, expected_code_hash, runtime_code
from alphapulse.rules.evm.executor_path import REASONS
from alphapulse.rules.evm.keccak import keccak256
from tests.contracts.executor_build import BUILT, SOURCE, compiled
from tests.contracts.executor_rig import Rig


@pytest.mark.slow
def test_the_committed_code_is_what_the_pinned_compiler_makes() -> None:
    """Source and code are committed together: `python -m tests.contracts.executor_build > contracts/executor.json`."""
    assert json.loads(BUILT.read_text("utf-8")) == compiled()


def test_every_reason_of_the_contract_can_be_read() -> None:
    """A reason is written once in the source for each place that gives it, always with the same numbers."""
    source = SOURCE.read_text("utf-8")
    written = {text.partition('"')[0] for text in source.split('method_id("')[1:]}
    ours = {f"{name}({','.join(kind for _, kind in values)})" for name, values in REASONS.items() if name != "Error"}
    assert written == ours


async def test_the_code_at_its_address_is_known_before_it_is_deployed(rig: Rig) -> None:
    """It names the owner; another owner's is another."""
    world, owner = rig.world, bytes.fromhex(rig.owner[2:])
    deployment = {"from": rig.owner, "data": "0x" + creation_code().hex(), "gas": hex(5_000_000)}
    sent = await world.rpc.ask("eth_sendTransaction", deployment)
    await world.mine()
    receipt = await world.rpc.ask("eth_getTransactionReceipt", sent)
    code = bytes.fromhex((await world.rpc.ask("eth_getCode", receipt["contractAddress"], "latest"))[2:])
    assert code == runtime_code(owner)
    assert keccak256(code) == expected_code_hash(owner) != expected_code_hash(bytes(20))


def test_an_owner_is_an_address() -> None:
    with pytest.raises(ValueError, match="expected the 20 bytes of an address, found 32"):
        runtime_code(bytes(32))
