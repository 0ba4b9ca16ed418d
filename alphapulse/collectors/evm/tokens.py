"""Reads tokens from the chain: what they say at several blocks, what they do in a transfer, and between transfers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import msgspec

from alphapulse.collectors.evm.contract_reader import ContractReader, Nodes
from alphapulse.errors import AnswerRefused, LogRefused, RpcError
from alphapulse.rules.discovery.contract_answers import call_data, number_in, symbol_in
from alphapulse.rules.discovery.token_rules import TokenReading, Trial
from alphapulse.rules.events.hex_text import read_bytes
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.evm.multicall import aggregate_data, aggregate_results
from alphapulse.rules.nodes.rpc_call import RpcCall

SYMBOL, DECIMALS = call_data("symbol()"), call_data("decimals()")
TRANSFER = "0x" + keccak256(b"Transfer(address,address,uint256)").hex()
STRANGER = keccak256(b"AlphaPulse tries a transfer")[12:]
"""Who receives what is sent for a trial: nobody has an address like that."""

LEAST_TRIAL = 10_000
"""Raw units: of fewer, a fee of a hundredth of a percent could not be seen."""


@attrs.frozen
class Blocks:
    """Where is read: the newest block, the one before, and one some blocks back."""

    number: int
    hash: bytes
    parent_hash: bytes
    older_number: int
    older_hash: bytes


class _Transfer(msgspec.Struct, frozen=True, gc=False):
    topics: tuple[str, ...]
    data: str


class TokenInspector:
    """Reads tokens by one node pool. `multicall` is the address of Multicall3: without one no transfer can be tried."""

    def __init__(self, nodes: Nodes, reader: ContractReader, multicall: bytes) -> None:
        self._nodes = nodes
        self._reader = reader
        self._multicall = multicall

    async def read(self, holders: Mapping[bytes, bytes], blocks: Blocks) -> list[TokenReading]:
        """What the tokens say and do; each is given with a pool that holds some of it.

        Raises:
            NodeError: no node could answer.
            RpcError: a block cannot be read, or not any more.
            AnswerRefused: an answer is none.
        """
        tokens = list(holders)
        terms = [(token, data) for token in tokens for data in (SYMBOL, DECIMALS)]
        hashes = (blocks.hash, blocks.parent_hash, blocks.older_hash)
        told = [await self._reader.read(terms, block_hash) for block_hash in hashes]
        owned = [(token, call_data("balanceOf(address)", holders[token])) for token in tokens]
        now = [number_in(answer) for answer in await self._reader.read(owned, blocks.hash)]
        before = [number_in(answer) for answer in await self._reader.read(owned, blocks.older_hash)]
        moved = await self._moved(holders, blocks)
        trials = await self._trials(holders, now, blocks.hash)
        return [
            TokenReading(
                token,
                [symbol_in(answers[2 * place]) for answers in told],
                [number_in(answers[2 * place + 1]) for answers in told],
                trials[place],
                _unmoved(before[place], now[place], moved[place]),
            )
            for place, token in enumerate(tokens)
        ]

    async def unmoved(self, holders: Mapping[bytes, bytes], blocks: Blocks) -> dict[bytes, int | None]:
        """By how much each token's balance of its pool changed since the older block beside its transfers.

        Raises:
            NodeError, RpcError, AnswerRefused: as `read`.
        """
        owned = [(token, call_data("balanceOf(address)", pool)) for token, pool in holders.items()]
        now = await self._reader.read(owned, blocks.hash)
        before = await self._reader.read(owned, blocks.older_hash)
        moved = await self._moved(holders, blocks)
        return {
            token: _unmoved(number_in(before[place]), number_in(now[place]), moved[place])
            for place, token in enumerate(holders)
        }

    async def _moved(self, holders: Mapping[bytes, bytes], blocks: Blocks) -> list[int | None]:
        """What the transfers behind the older block brought to each pool, less what they took away."""
        calls = []
        for token, pool in holders.items():
            word = "0x" + pool.rjust(32, b"\0").hex()
            for topics in ([TRANSFER, None, word], [TRANSFER, word]):
                span = {"fromBlock": hex(blocks.older_number + 1), "toBlock": hex(blocks.number)}
                asked = {"address": "0x" + token.hex(), "topics": topics, **span}
                calls.append(RpcCall("eth_getLogs", (asked,), list[_Transfer]))
        answers = await self._nodes.batch(calls)
        return [_sum(answers[at], answers[at + 1]) for at in range(0, len(answers), 2)]

    async def _trials(
        self, holders: Mapping[bytes, bytes], balances: Sequence[int | None], block_hash: bytes
    ) -> list[Trial | None]:
        (code,) = await self._nodes.batch([RpcCall("eth_getCode", (_hex(self._multicall),), str).at_block(block_hash)])
        amounts = [max(balance // 200, LEAST_TRIAL // 2) * 2 if balance else 0 for balance in balances]
        able = [
            (token, pool, amount)
            for (token, pool), balance, amount in zip(holders.items(), balances, amounts, strict=True)
            if balance is not None and 0 < amount <= balance
        ]
        if isinstance(code, RpcError) or len(code) < 4:
            able = []
        answers = await self._nodes.batch([_trial_call(*one, code, block_hash) for one in able])
        found = {one[0]: _trial(one[2], answer) for one, answer in zip(able, answers, strict=True)}
        return [found.get(token) for token in holders]


def _trial_call(token: bytes, pool: bytes, amount: int, code: str, block_hash: bytes) -> RpcCall:
    """Multicall3's code stands in the place of pool and stranger, so that they send as themselves."""
    of_pool, of_stranger = (call_data("balanceOf(address)", owner) for owner in (pool, STRANGER))
    there = call_data("transfer(address,uint256)", STRANGER, amount)
    back = aggregate_data([(token, call_data("transfer(address,uint256)", pool, amount // 2))])
    looks = [(token, of_pool), (token, of_stranger)]
    data = aggregate_data([*looks, (token, there), *looks, (STRANGER, back), *looks])
    pinned = RpcCall("eth_call", ({"to": _hex(pool), "data": _hex(data)},), str).at_block(block_hash)
    overrides = {_hex(pool): {"code": code}, _hex(STRANGER): {"code": code}}
    return attrs.evolve(pinned, params=(*pinned.params, overrides))


def _trial(amount: int, answer: Any) -> Trial | None:
    if isinstance(answer, RpcError):
        return None
    try:
        results = aggregate_results(bytes.fromhex(answer[2:]), 8)
        (back,) = (None,) if results[5] is None else aggregate_results(results[5], 1)
    except (AnswerRefused, ValueError):
        return None
    balances = [number_in(results[place]) for place in (0, 3, 6, 1, 4, 7)]
    return Trial(
        amount,
        (results[2], back),
        (balances[0], balances[1], balances[2]),
        (balances[3], balances[4], balances[5]),
    )


def _sum(came: Any, went: Any) -> int | None:
    """None if one of the lists could not be read, or a log in it is no transfer of ERC-20."""
    if isinstance(came, RpcError) or isinstance(went, RpcError):
        return None
    try:
        return sum(_amount(log) for log in came) - sum(_amount(log) for log in went)
    except LogRefused:
        return None


def _amount(log: _Transfer) -> int:
    return int.from_bytes(read_bytes(log.data, 32, "a transfer's amount"), "big")


def _unmoved(before: int | None, now: int | None, moved: int | None) -> int | None:
    return None if before is None or now is None or moved is None else now - before - moved


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"
