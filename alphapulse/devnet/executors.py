"""The executor contract on a devnet, deployed by the wallet that will own it."""

from __future__ import annotations

from alphapulse.devnet.rpc import hex_of
from alphapulse.devnet.world import World
from alphapulse.errors import DevnetError
from alphapulse.rules.evm.executor_code import creation_code

COINS_WEI = 1_000 * 10**18
"""What the wallet has for gas afterwards."""
GAS = 5_000_000


async def deploy_executor(world: World, wallet: str) -> str:
    """Give the wallet coins and let it deploy its executor, in a block of its own: the contract's address.

    Nobody needs the wallet's key for it, as the node is ours. With a fresh wallet the address is always the same.

    Raises:
        DevnetError: it reverted.
    """
    rpc = world.rpc
    await rpc.ask("anvil_setBalance", wallet, hex(10 * COINS_WEI))
    await rpc.ask("anvil_impersonateAccount", wallet)
    transaction = {
        "from": wallet,
        "data": hex_of(creation_code()),
        "gas": hex(GAS),
        "maxFeePerGas": hex(COINS_WEI // GAS),
        "maxPriorityFeePerGas": "0x0",
    }
    sent = await rpc.ask("eth_sendTransaction", transaction)
    await world.mine()
    await rpc.ask("anvil_stopImpersonatingAccount", wallet)
    await rpc.ask("anvil_setBalance", wallet, hex(COINS_WEI))
    receipt = await rpc.ask("eth_getTransactionReceipt", sent)
    if receipt["status"] != "0x1":
        raise DevnetError(f"expected {wallet} to deploy the executor, found that it reverted")
    return str(receipt["contractAddress"])
