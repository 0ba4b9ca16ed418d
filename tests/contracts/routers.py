"""The same paths through the exchanges' own routers, which a trader without a contract would use.

A router takes what the owner has allowed it, and knows no profit: it asks for a least amount out, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.devnet.call_data import Call, call, call_data
from alphapulse.devnet.moves import DevPool, DevToken
from alphapulse.devnet.stock import Family
from alphapulse.rules.evm.executor_path import PathLeg
from tests.contracts.executor_rig import FAR, Rig, legs_of, predicted

MOST = 2**256 - 1
EXACT_INPUT_SINGLE = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))"
NEVER_S = FAR * 10


def router_of(rig: Rig, pools: Sequence[DevPool]) -> str | None:
    """The one router that knows all the pools; None if there is none."""
    if all(pool.family is Family.V3 for pool in pools):
        return rig.world.places["Uniswap V3 router"]
    if all(pool.name.startswith("QuickSwap") for pool in pools):
        return rig.world.places["QuickSwap router"]
    return None


async def routed(rig: Rig, router: str, pools: Sequence[DevPool], base: DevToken, amount: int) -> Call:
    """The path as the router runs it: V2's by its tokens, V3's as a multicall of one swap each."""
    legs = legs_of(pools, base)
    if pools[0].family is Family.V2:
        tokens = [base.address, *("0x" + leg.token_out.hex() for leg in legs)]
        signature = "swapExactTokensForTokens(uint256,uint256,address[],address,uint256)"
        return call(router, signature, amount, amount, tokens, rig.owner, NEVER_S)
    swaps, token_in, offered = [], base.address, amount
    for at, (pool, leg) in enumerate(zip(pools, legs, strict=True)):
        back = predicted(pools[: at + 1], await rig.states(pools), base, amount)
        if back is None:
            raise ValueError(f"expected {pool.name} to take all of {offered}")
        swaps.append(_single(rig, pool, leg, token_in, offered, back))
        token_in, offered = "0x" + leg.token_out.hex(), back
    return call(router, "multicall(bytes[])", swaps)


def _single(rig: Rig, pool: DevPool, leg: PathLeg, token_in: str, offered: int, least: int) -> bytes:
    token_out = "0x" + leg.token_out.hex()
    wish = (token_in, token_out, pool.fee_ppm, rig.owner, NEVER_S, offered, least, 0)
    return call_data(EXACT_INPUT_SINGLE, wish)


async def allow(rig: Rig, router: str) -> None:
    """The owner lets a router take whatever it asks for, as its users do."""
    tokens = rig.world.tokens.values()
    await rig.world.act(
        *(call(one.address, "approve(address,uint256)", router, MOST) for one in tokens), sender=rig.owner
    )
