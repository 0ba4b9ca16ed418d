"""A trial at the pending block: by `eth_simulateV1`, and by `eth_estimateGas` where a node has no such thing."""

from __future__ import annotations

import pytest

from alphapulse.errors import CallReverted, RpcError, SimulationRefused
from alphapulse.execution.chain.simulation import Simulated, Simulator
from alphapulse.rules.nodes.rpc_faults import FaultKind
from tests.execution.chain.trading_rig import GWEI, TableNodes, simulated
from tests.rules.execution.trade_samples import BASE, EXECUTOR, WALLET

BLOCK = {"baseFeePerGas": hex(GWEI)}


def missing(_: object) -> RpcError:
    return RpcError("one", "eth_simulateV1", kind=FaultKind.METHOD_MISSING, code=-32601, text="no such method")


def reverted(_: object) -> RpcError:
    return CallReverted("one", "eth_estimateGas", code=3, text="execution reverted", data=b"\1\2\3\4")


async def try_out(nodes: TableNodes) -> Simulated:
    return await Simulator(nodes).try_out(WALLET, EXECUTOR, b"\1", BASE.address)


async def test_what_it_would_earn_use_and_pay_for_gas_is_told() -> None:
    """At the pending block, from the wallet, to its executor; one request."""
    nodes = TableNodes(eth_simulateV1=simulated(77, gas=123), eth_getBlockByNumber=BLOCK)
    assert await try_out(nodes) == Simulated(earned=77, gas_used=123, base_fee_wei=GWEI)
    options, place = nodes.asked[0].params
    (call,) = options["blockStateCalls"][0]["calls"]
    assert (call["from"], call["to"], call["data"], place) == (
        f"0x{WALLET.hex()}",
        f"0x{EXECUTOR.hex()}",
        "0x01",
        "pending",
    )


async def test_a_node_without_simulations_is_asked_for_the_gas_from_then_on() -> None:
    """It tells no logs: what would be earned is not known. It is not asked for simulations again."""
    nodes = TableNodes(eth_simulateV1=missing, eth_estimateGas="0x7b", eth_getBlockByNumber=None)
    simulator = Simulator(nodes)
    for _ in range(2):
        found = await simulator.try_out(WALLET, EXECUTOR, b"\1", BASE.address)
        assert found == Simulated(earned=None, gas_used=123, base_fee_wei=None)
    assert [call.method for call in nodes.asked].count("eth_simulateV1") == 1


async def test_what_would_be_undone_is_refused_with_the_contracts_word() -> None:
    """However the node says it."""
    for rows in (
        {"eth_simulateV1": simulated(0, ok=False, data="0x01020304")},
        {"eth_simulateV1": missing, "eth_estimateGas": reverted},
    ):
        with pytest.raises(SimulationRefused, match="undone: at the pending block it would be undone: unknown") as told:
            await try_out(TableNodes(eth_getBlockByNumber=BLOCK, **rows))
        assert told.value.data == b"\1\2\3\4"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ([], "no_answer"),
        ([{"calls": [{"returnData": "0x", "logs": [], "gasUsed": "many", "status": "0x1"}]}], "no_answer"),
        (
            [
                {
                    "calls": [
                        {
                            "returnData": "0x",
                            "logs": [{"address": "0x1", "topics": [], "data": "", "logIndex": "0x0"}],
                            "gasUsed": "0x1",
                            "status": "0x1",
                        }
                    ]
                }
            ],
            "no_answer",
        ),
        (
            lambda _: RpcError("one", "eth_simulateV1", kind=FaultKind.RATE_LIMITED, code=-32005, text="slower"),
            "not_simulated",
        ),
    ],
)
async def test_what_is_no_answer_is_not_sent(answer: object, reason: str) -> None:
    """Nothing is made of it."""
    with pytest.raises(SimulationRefused) as told:
        await try_out(TableNodes(eth_simulateV1=answer, eth_getBlockByNumber=BLOCK))
    assert told.value.reason == reason
