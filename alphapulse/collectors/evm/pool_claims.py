"""Asks contracts what pools they claim to be, and their factories whether that is so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from alphapulse.collectors.evm.contract_reader import ContractReader, Nodes
from alphapulse.collectors.evm.tokens import Blocks
from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.errors import AnswerRefused, LogRefused, RpcError
from alphapulse.rules.discovery.contract_answers import address_in, call_data, number_in
from alphapulse.rules.discovery.pool_rules import ClaimedPool, PoolReading, claim_of
from alphapulse.rules.events.hex_text import read_block_hash, read_block_number
from alphapulse.rules.evm.multicall import ContractCall


class _Head(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    number: str
    hash: str
    parent_hash: str


QUESTIONS = tuple(call_data(f"{name}()") for name in ("factory", "token0", "token1", "fee", "tickSpacing"))
SPACING_BITS = 23
"""Of an int24 that is not negative."""


async def read_blocks(nodes: Nodes, age: int) -> Blocks:
    """The newest block, and the one `age` blocks before it.

    Raises:
        NodeError, RpcError: nobody could answer.
        AnswerRefused: an answer is none, or the chain is shorter than that.
    """
    newest = await _head(nodes, "latest")
    number = _number(newest.number)
    if number < age:
        raise AnswerRefused("too_short", f"expected a chain of more than {age} blocks, found {number}")
    older = await _head(nodes, hex(number - age))
    return Blocks(number, _hash(newest.hash), _hash(newest.parent_hash), number - age, _hash(older.hash))


async def _head(nodes: Nodes, which: str) -> _Head:
    found: _Head | None = await nodes.call("eth_getBlockByNumber", (which, False), type=_Head | None)
    if found is None:
        raise AnswerRefused("no_block", f"expected block {which}, found none")
    return found


def _number(text: str) -> int:
    try:
        return read_block_number(text)
    except LogRefused as refusal:
        raise AnswerRefused("header", str(refusal)) from refusal


def _hash(text: str) -> bytes:
    try:
        return read_block_hash(text)
    except LogRefused as refusal:
        raise AnswerRefused("header", str(refusal)) from refusal


async def claims(
    reader: ContractReader, addresses: Sequence[bytes], factories: Mapping[bytes, Factory], blocks: Blocks
) -> list[ClaimedPool | str]:
    """For each contract the pool that it is, or why it is none. What CREATE2 does not prove, its factory has confirmed.

    Raises:
        NodeError, RpcError, AnswerRefused: as `ContractReader.read`.
    """
    answers = await reader.read([(address, data) for address in addresses for data in QUESTIONS], blocks.hash)
    found: list[ClaimedPool | str] = []
    for place, address in enumerate(addresses):
        told = answers[place * len(QUESTIONS) : (place + 1) * len(QUESTIONS)]
        if told[0] is None and len(addresses) > 1:
            # Perhaps another contract took all the gas.
            told = await reader.read([(address, data) for data in QUESTIONS], blocks.hash)
        found.append(claim_of(reading_of(address, told), factories))
    unproven = [pool for pool in found if isinstance(pool, ClaimedPool) and not pool.proven]
    confirmed = [address_in(answer) for answer in await reader.read([_asked(pool) for pool in unproven], blocks.hash)]
    denied = {
        pool.address: f"{pool.factory.name} does not know it"
        for pool, answer in zip(unproven, confirmed, strict=True)
        if answer != pool.address
    }
    return [denied.get(pool.address, pool) if isinstance(pool, ClaimedPool) else pool for pool in found]


async def too_young(reader: ContractReader, pools: Sequence[ClaimedPool], blocks: Blocks) -> list[str]:
    """For each pool why it is too young; empty if it stood at the older block already.

    Raises:
        NodeError, AnswerRefused: as `ContractReader.read`.
    """
    age = blocks.number - blocks.older_number
    try:
        answers = await reader.read([(pool.address, QUESTIONS[1]) for pool in pools], blocks.older_hash)
    except RpcError as problem:
        return [f"its age is not known: no node has the state of {age} blocks ago ({problem})"] * len(pools)
    return [
        "" if address_in(answer) == pool.token0 else f"it is younger than {age} blocks"
        for pool, answer in zip(pools, answers, strict=True)
    ]


def reading_of(address: bytes, told: Sequence[bytes | None]) -> PoolReading:
    """What a contract's answers to the questions say."""
    factory, token0, token1, fee, spacing = told
    return PoolReading(
        address,
        address_in(factory),
        address_in(token0),
        address_in(token1),
        number_in(fee, 24),
        number_in(spacing, SPACING_BITS),
    )


def _asked(pool: ClaimedPool) -> ContractCall:
    """The question to a factory which pool it has for these tokens."""
    match pool.factory.kind:
        case FactoryKind.V2:
            data = call_data("getPair(address,address)", pool.token0, pool.token1)
        case FactoryKind.V3:
            data = call_data("getPool(address,address,uint24)", pool.token0, pool.token1, pool.fee_ppm or 0)
        case _:
            data = call_data("poolByPair(address,address)", pool.token0, pool.token1)
    return pool.factory.address or bytes(20), data
