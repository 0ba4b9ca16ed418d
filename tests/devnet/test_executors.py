"""The executor on a local chain."""

from __future__ import annotations

import pytest

from alphapulse.devnet.executors import COINS_WEI, deploy_executor
from alphapulse.rules.evm.executor_code import runtime_code
from tests.chain.worlds import chain_packages, open_test_world

pytestmark = pytest.mark.real_io

WALLET = "0xd1220a0cf47c7b9be7a2e6ba89f429762e7b9adb"


@pytest.fixture(autouse=True)
def _chain_or_skipped() -> None:
    chain_packages()


async def test_what_stands_there_is_the_expected_code_of_its_owner() -> None:
    """Deployed by a wallet of which the chain has no key; who tries again finds it at the same place."""
    places = []
    for _ in range(2):
        async with open_test_world() as world:
            places.append(await deploy_executor(world, WALLET))
            code = await world.rpc.ask("eth_getCode", places[-1], "latest")
            assert bytes.fromhex(code[2:]) == runtime_code(bytes.fromhex(WALLET[2:]))
            assert int(await world.rpc.ask("eth_getBalance", WALLET, "latest"), 16) == COINS_WEI
            assert int(await world.rpc.ask("eth_getTransactionCount", WALLET, "latest"), 16) == 1
    assert places[0] == places[1]
