"""Makes a world: a node, contracts, tokens, pools with liquidity in them, accounts with tokens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from math import isqrt

from alphapulse.devnet.call_data import Call, arguments_of, call, returned
from alphapulse.devnet.deployment import Placement, deploy
from alphapulse.devnet.lending import PLACED, RESERVES, foundations, openings, receipts, supply
from alphapulse.devnet.moves import DevPool, DevToken, Moves
from alphapulse.devnet.node import CHAIN_ID, Node, Order, open_node
from alphapulse.devnet.packages import Packages
from alphapulse.devnet.places import PLACES, place
from alphapulse.devnet.stock import (
    ALGEBRA,
    ODD_POOLS,
    ODD_TOKENS,
    POOLS,
    PRICE_SCALE,
    QUICK,
    SUSHI,
    TOKENS,
    UNI,
    Family,
    PoolPlan,
    TokenPlan,
)
from alphapulse.devnet.world import World
from alphapulse.rules.amm.tick_math import MAX_TICK, tick_at_sqrt_ratio

GENESIS_S = 1_700_000_000
"""When the first block of a world was, unless said otherwise (2023): the same acts then give the same hashes."""
SETUP_BLOCKS = 6
"""Blocks that are mined until everything is there."""
DECIMALS_SLOT = 6
"""Where OpenZeppelin's preset keeps them, behind roles, balances, allowances, supply, name and symbol."""
WETH9_NAME, WETH9_SYMBOL = 0, 1
STOCK_DOLLARS = 1_000_000_000
"""What each account holds of each token."""
LENT_DOLLARS = 20_000_000
"""What the vault can lend of each ordinary token, and Aave's pool of each of its reserves."""
WIDTHS = ((MAX_TICK, 1), (20_000, 2), (3_000, 4), (600, 8))
"""Ranges of V3 and Algebra positions around the price, in ticks, each with its multiple of the pool's depth."""
MOST = 2**256 - 1
BLOCK_S = 2
"""How far blocks lie apart unless said otherwise, as on Polygon."""


@asynccontextmanager
async def open_world(
    packages: Packages,
    *,
    number: int = 0,
    port: int = 0,
    chain_id: int = CHAIN_ID,
    genesis_s: int = GENESIS_S,
    holders: int = 4,
    block_s: int = BLOCK_S,
    order: Order = "fifo",
) -> AsyncIterator[World]:
    """A new chain with everything on it, for as long as the block lasts.

    Args:
        packages: where npm has put node and contracts.
        number: 0 puts everything at its address on Polygon, any other number everything elsewhere.
        port: 0 takes a free one.
        chain_id: what the chain says of itself.
        genesis_s: time of the block 0 (Unix).
        holders: how many accounts hold tokens, at least 3.
        block_s: how far blocks lie apart, by their timestamps.
        order: in which order transactions come into a block.

    Raises:
        DevnetError: packages are missing, or the node does not do as it should.
    """
    async with open_node(
        packages.anvil, port=port, chain_id=chain_id, genesis_s=genesis_s, accounts=holders, order=order
    ) as node:
        yield await _made(node, packages, number, block_s)


async def _made(node: Node, packages: Packages, number: int, block_s: int) -> World:
    accounts = tuple(await node.rpc.ask("eth_accounts"))
    await node.rpc.ask("anvil_setBlockTimestampInterval", block_s)
    plans = (*TOKENS, *ODD_TOKENS)
    places = {name: place(name, number) for name in (*PLACES, *PLACED, *(plan.symbol for plan in ODD_TOKENS))}
    owner = accounts[0]
    await deploy(node.rpc, owner, _placements(packages, places, owner, plans))
    await deploy(node.rpc, owner, receipts(packages, places))
    tokens = {plan.symbol: _token(plan, places) for plan in plans}
    moves = Moves(places["pool hand"])
    world = World(node, number, accounts, places, tokens, {}, {}, {}, moves, block_s)
    await world.act(
        *_foundations(places),
        *openings(places, tokens, owner),
        *_creations(tokens, places, (*POOLS, *ODD_POOLS)),
        sender=owner,
    )
    pools = await _pools(world, (*POOLS, *ODD_POOLS))
    await _endow(world, tuple(pools.values()))
    await world.act(
        *(one for plan in POOLS for one in _supply(moves, plan, pools[plan.name])),
        *(one for symbol in RESERVES for one in _loans(world, tokens[symbol])),
        sender=owner,
    )
    await world.act(*(one for plan in ODD_POOLS for one in _supply(moves, plan, pools[plan.name])), sender=owner)
    return World(
        node,
        number,
        accounts,
        places,
        {plan.symbol: tokens[plan.symbol] for plan in TOKENS},
        {plan.name: pools[plan.name] for plan in POOLS},
        {plan.symbol: tokens[plan.symbol] for plan in ODD_TOKENS},
        {plan.name: pools[plan.name] for plan in ODD_POOLS},
        moves,
        block_s,
    )


def _placements(
    packages: Packages, places: Mapping[str, str], owner: str, plans: Sequence[TokenPlan]
) -> list[Placement]:
    ours = json.loads((files("alphapulse.devnet") / "contracts" / "compiled.json").read_text("utf-8"))

    def of(where: str, code: str, types: str = "", *arguments: object) -> Placement:
        return Placement(places[where], packages.creation_code(code), arguments_of(types, *arguments))

    quick, sushi, uni, wrapped = (places[name] for name in _FACTORIES_AND_COIN)
    found = [
        *foundations(packages, places, owner),
        of("Algebra deployer", "Algebra deployer"),
        of("Algebra factory", "Algebra factory", "address,address", places["Algebra deployer"], owner),
        of("Balancer authorizer", "Balancer authorizer", "address", owner),
        of("Balancer vault", "Balancer vault", "address,address,uint256,uint256",
           places["Balancer authorizer"], wrapped, 7_776_000, 2_592_000),
        of("Multicall3", "Multicall3"),
        of("QuickSwap factory", "Uniswap V2 factory", "address", owner),
        of("QuickSwap router", "Uniswap V2 router", "address,address", quick, wrapped),
        of("SushiSwap factory", "SushiSwap factory", "address", owner),
        of("SushiSwap router", "SushiSwap router", "address,address", sushi, wrapped),
        of("Uniswap V3 factory", "Uniswap V3 factory"),
        of("Uniswap V3 quoter", "Uniswap V3 quoter", "address,address", uni, wrapped),
        of("Uniswap V3 router", "Uniswap V3 router", "address,address", uni, wrapped),
        of("Uniswap V3 tick lens", "Uniswap V3 tick lens"),
        Placement(places["pool hand"], bytes.fromhex(ours["pool_hand"][2:])),
        Placement(
            places["impostor"],
            bytes.fromhex(ours["impostor"][2:]),
            arguments_of("address,address,address,uint24,int24", uni, places["USDC.e"], places["WETH"], 500, 10),
        ),
    ]  # fmt: skip
    for plan in plans:
        where = places[plan.symbol]
        if plan.code == "WETH9":
            storage = ((WETH9_NAME, _short("Wrapped POL")), (WETH9_SYMBOL, _short("WPOL")))
            found.append(Placement(where, packages.creation_code("WETH9"), storage=storage))
        elif plan.code == "ERC-20":
            arguments = arguments_of("string,string", plan.symbol, plan.symbol)
            decimals = ((DECIMALS_SLOT, plan.decimals),)
            found.append(Placement(where, packages.creation_code("ERC-20"), arguments, decimals))
        else:
            code = bytes.fromhex(ours[plan.code][2:])
            found.append(Placement(where, code, arguments_of(plan.types, *plan.arguments)))
    return found


_FACTORIES_AND_COIN = ("QuickSwap factory", "SushiSwap factory", "Uniswap V3 factory", "WPOL")


def _short(text: str) -> int:
    """A short string as Solidity stores it."""
    return int.from_bytes(text.encode().ljust(31, b"\0") + bytes([2 * len(text)]), "big")


def _token(plan: TokenPlan, places: Mapping[str, str]) -> DevToken:
    return DevToken(plan.symbol, places[plan.symbol], plan.decimals, plan.price_q8)


def _raw(token: DevToken, dollars: int) -> int:
    """An amount worth so many dollars, in raw units."""
    one: int = 10**token.decimals
    return dollars * PRICE_SCALE * one // token.price_q8


def _foundations(places: Mapping[str, str]) -> list[Call]:
    return [
        call(places["Uniswap V3 factory"], "enableFeeAmount(uint24,int24)", 100, 1),
        call(places["Algebra deployer"], "setFactory(address)", places["Algebra factory"]),
    ]


def _creations(tokens: Mapping[str, DevToken], places: Mapping[str, str], plans: Sequence[PoolPlan]) -> list[Call]:
    found = []
    for plan in plans:
        pair = (tokens[plan.one].address, tokens[plan.other].address)
        factory = places[f"{plan.factory} factory"]
        if plan.family is Family.V2:
            found.append(call(factory, "createPair(address,address)", *pair))
        elif plan.family is Family.V3:
            found.append(call(factory, "createPool(address,address,uint24)", *pair, plan.fee_ppm))
        else:
            found.append(call(factory, "createPool(address,address)", *pair))
    return found


_LOOK_UPS = {
    QUICK: "getPair(address,address)",
    SUSHI: "getPair(address,address)",
    UNI: "getPool(address,address,uint24)",
    ALGEBRA: "poolByPair(address,address)",
}


async def _pools(world: World, plans: Sequence[PoolPlan]) -> dict[str, DevPool]:
    asked = []
    for plan in plans:
        pair = (world.tokens[plan.one].address, world.tokens[plan.other].address)
        fee = (plan.fee_ppm,) if plan.family is Family.V3 else ()
        asked.append(call(world.places[f"{plan.factory} factory"], _LOOK_UPS[plan.factory], *pair, *fee))
    found = {}
    for plan, answer in zip(plans, await world.rpc.read_all(asked), strict=True):
        token0, token1 = sorted(
            (world.tokens[plan.one], world.tokens[plan.other]), key=lambda token: int(token.address, 16)
        )
        fee_ppm = None if plan.family is Family.ALGEBRA else plan.fee_ppm
        (address,) = returned("address", answer)
        factory = world.places[f"{plan.factory} factory"]
        found[plan.name] = DevPool(plan.name, plan.family, factory, address, token0, token1, fee_ppm, plan.spacing)
    return found


async def _endow(world: World, pools: Sequence[DevPool]) -> None:
    """Tokens for all accounts and the vault, and the pool hand's right to move them."""
    owner, hand, vault = world.accounts[0], world.places["pool hand"], world.places["Balancer vault"]
    ordinary = {plan.symbol for plan in TOKENS}
    gifts: list[Call] = []
    for token in world.tokens.values():
        if token.symbol == "WPOL":
            gifts.append(call(token.address, "deposit()", value_wei=2 * _raw(token, LENT_DOLLARS)))
            gifts.append(call(token.address, "transfer(address,uint256)", vault, _raw(token, LENT_DOLLARS)))
            continue
        mint = "mint(address,uint256)"
        gifts += [call(token.address, mint, account, _raw(token, STOCK_DOLLARS)) for account in world.accounts]
        if token.symbol in ordinary:
            gifts.append(call(token.address, mint, vault, _raw(token, LENT_DOLLARS)))
    await world.send(gifts, owner)
    wrapped = world.tokens["WPOL"]
    approved = [token.address for token in world.tokens.values()]
    approved += [pool.address for pool in pools if pool.family is Family.V2]
    for account in world.accounts:
        await world.send(
            [
                call(wrapped.address, "deposit()", value_wei=_raw(wrapped, STOCK_DOLLARS)),
                *(call(address, "approve(address,uint256)", hand, MOST) for address in approved),
            ],
            account,
        )
    await world.mine()


def _loans(world: World, token: DevToken) -> list[Call]:
    """What Aave's pool can lend of a token."""
    return supply(world.places, token, _raw(token, LENT_DOLLARS), world.accounts[0])


def _supply(moves: Moves, plan: PoolPlan, pool: DevPool) -> list[Call]:
    """What makes a new pool one with a price and liquidity."""
    amount0, amount1 = _raw(pool.token0, plan.depth_dollars), _raw(pool.token1, plan.depth_dollars)
    if plan.family is Family.V2:
        return [moves.mint_pair(pool, amount0, amount1)]
    sqrt_price_x96 = isqrt((amount1 << 192) // amount0)
    liquidity = isqrt(amount0 * amount1)
    tick = tick_at_sqrt_ratio(sqrt_price_x96) // plan.spacing * plan.spacing
    edge = MAX_TICK // plan.spacing * plan.spacing
    found = [call(pool.address, "initialize(uint160)", sqrt_price_x96)]
    for width, times in WIDTHS:
        reach = width // plan.spacing * plan.spacing
        lower, upper = max(tick - reach, -edge), min(tick + reach, edge)
        found.append(moves.mint(pool, lower, upper, liquidity * times))
    return found
