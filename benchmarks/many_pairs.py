"""Many pools of their own on a local chain: many gaps can be open at once, and none shares a pool with another."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from alphapulse.devnet.call_data import arguments_of, call, returned
from alphapulse.devnet.creation import MOST
from alphapulse.devnet.deployment import Placement, deploy
from alphapulse.devnet.moves import DevPool, DevToken
from alphapulse.devnet.packages import Packages
from alphapulse.devnet.places import place
from alphapulse.devnet.stock import QUICK, SUSHI, V2_FEE_PPM, Family
from alphapulse.devnet.world import World

WHOLE = 10**18
DEPTH = 200_000 * WHOLE
"""What each side of a pool holds, in raw units of tokens that are worth one WPOL."""
AT_ONCE = 25
"""Tokens that are placed in one block."""


async def with_pairs(world: World, packages: Packages, count: int) -> World:
    """The world with `count` more tokens, each in a pool of QuickSwap and one of SushiSwap, against WPOL."""
    owner, hand, base = world.accounts[0], world.places["pool hand"], world.tokens["WPOL"]
    tokens = []
    for number in range(count):
        symbol = f"T{number}"
        tokens.append(DevToken(symbol, place(symbol, world.number), 18, base.price_q8))
    code = packages.creation_code("ERC-20")
    for start in range(0, count, AT_ONCE):
        part = tokens[start : start + AT_ONCE]
        arguments = (arguments_of("string,string", one.symbol, one.symbol) for one in part)
        placed = zip(part, arguments, strict=True)
        await deploy(world.rpc, owner, [Placement(one.address, code, said) for one, said in placed])
        calls = []
        for one in part:
            calls += [call(one.address, "mint(address,uint256)", to, 100 * DEPTH) for to in world.accounts]
            calls += [
                call(world.places[f"{factory} factory"], "createPair(address,address)", base.address, one.address)
                for factory in (QUICK, SUSHI)
            ]
        await world.act(*calls, sender=owner)
        for account in world.accounts:
            await world.send([call(one.address, "approve(address,uint256)", hand, MOST) for one in part], account)
        await world.mine()
    pools = [pool for factory in (QUICK, SUSHI) for pool in await _pools(world, factory, base, tokens)]
    await world.act(*(world.moves.mint_pair(pool, DEPTH, DEPTH) for pool in pools), sender=owner)
    return attrs.evolve(
        world,
        tokens={**world.tokens, **{one.symbol: one for one in tokens}},
        pools={**world.pools, **{pool.name: pool for pool in pools}},
    )


async def _pools(world: World, factory: str, base: DevToken, tokens: Sequence[DevToken]) -> list[DevPool]:
    at = world.places[f"{factory} factory"]
    answers = await world.rpc.read_all(
        [call(at, "getPair(address,address)", base.address, one.address) for one in tokens]
    )
    found = []
    for token, answer in zip(tokens, answers, strict=True):
        (address,) = returned("address", answer)
        token0, token1 = sorted((base, token), key=lambda one: int(one.address, 16))
        name = f"{factory} {token.symbol}/{base.symbol}"
        found.append(DevPool(name, Family.V2, at, address, token0, token1, V2_FEE_PPM, 0))
    return found
