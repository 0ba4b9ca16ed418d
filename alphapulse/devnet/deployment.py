"""Puts contracts at addresses of one's choice, their constructors having run there."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from alphapulse.devnet.rpc import NodeRpc, hex_of
from alphapulse.errors import DevnetError

GAS = 30_000_000
FEE_CAP_WEI = 10**15
"""What a transaction pays for gas at most: no base fee comes near, and coins cost nothing here."""


@attrs.frozen
class Placement:
    """A contract to be: where, its creation code, and its constructor's arguments."""

    address: str
    creation_code: bytes
    arguments: bytes = b""
    storage: tuple[tuple[int, int], ...] = ()
    """Slots to be written when the constructor has run: what it cannot be told."""


async def deploy(rpc: NodeRpc, sender: str, placements: Sequence[Placement]) -> None:
    """Place all contracts, `sender` being the one who creates them. It mines one block.

    The creation code is put at the address and called there: what it returns is the runtime code, which knows its own
    address. Then a transaction runs it once more, for what it writes, and the runtime code takes its place. Contracts
    that the constructor makes come out right too, as the nonce of a new contract is 1.

    Raises:
        DevnetError: a constructor reverted.
    """
    nonce = int(await rpc.ask("eth_getTransactionCount", sender, "latest"), 16)
    prepare = [("anvil_setNonce", [one.address, "0x1"]) for one in placements]
    prepare += [("anvil_setCode", [one.address, hex_of(one.creation_code + one.arguments)]) for one in placements]
    await rpc.ask_all(prepare)
    calls = [{"from": sender, "to": one.address, "gas": hex(GAS)} for one in placements]
    codes = await rpc.ask_all([("eth_call", [call, "latest"]) for call in calls])
    sent = [
        {**call, "nonce": hex(nonce + at), "maxFeePerGas": hex(FEE_CAP_WEI), "maxPriorityFeePerGas": "0x0"}
        for at, call in enumerate(calls)
    ]
    hashes = await rpc.ask_all([("eth_sendTransaction", [transaction]) for transaction in sent])
    await rpc.ask("evm_mine")
    receipts = await rpc.ask_all([("eth_getTransactionReceipt", [found]) for found in hashes])
    for one, receipt in zip(placements, receipts, strict=True):
        if receipt is None or receipt["status"] != "0x1":
            raise DevnetError(f"expected the constructor at {one.address} to succeed, found that it reverted")
    finish = [("anvil_setCode", [one.address, code]) for one, code in zip(placements, codes, strict=True)]
    finish += [
        ("anvil_setStorageAt", [one.address, f"0x{slot:064x}", f"0x{word:064x}"])
        for one in placements
        for slot, word in one.storage
    ]
    await rpc.ask_all(finish)
