"""Logs of pools that are known by what they hold: Balancer's say all, Curve's that something is not known any more."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import LogStamp
from alphapulse.data.pool_reserves import PoolLiquidity
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import LogRefused, QuoteRefused
from alphapulse.rules.amm.balancer_weighted import BalancerWeightedState
from alphapulse.rules.amm.curve_stable import CurveStableState
from alphapulse.rules.events import balancer_vault, curve_stable
from alphapulse.rules.events.balancer_vault import VAULT, balances_behind
from alphapulse.rules.events.curve_stable import doubt_behind
from alphapulse.rules.events.rpc_log import RpcLog

DAI, WETH, USDC = (bytes.fromhex(address) for address in ("6b17" + "5474" * 9, "c02a" + "aa39" * 9, "d0" * 20))
POOL_ID = "0b09dea16768f0799065c475be02919503cb2a3500020000000000000000001a"
BEFORE = (30_000_000 * 10**18, 9_000 * 10**18)
PAID, TAKEN = 0xFB37A3336B791815, 0xC74F130B221944B84CA
"""A swap of WETH for DAI, as the vault told it in block 14,000,000 of Ethereum."""


def weighted() -> BalancerWeightedState:
    """40% DAI and 60% WETH, at the end of the block before."""
    pool_id = InstrumentId.from_pool_address(bytes.fromhex(POOL_ID[:40]), Venue.BALANCER)
    tokens = Token(DAI, "DAI", 18), Token(WETH, "WETH", 18)
    weights = (4 * 10**17, 6 * 10**17)
    pool = Pool(pool_id, PoolKind.BALANCER_WEIGHTED, "B-60WETH-40DAI", *tokens, 500, None, weights=weights)
    return BalancerWeightedState(BEFORE, LogStamp(13_999_999, 9, 9, None, None, 0, 0), Trust.PROVEN, 500, pool)


def stable() -> CurveStableState:
    """Two coins."""
    pool_id = InstrumentId.from_pool_address(bytes([9]) * 20, Venue.CURVE)
    pool = Pool(
        pool_id, PoolKind.CURVE_STABLE, "coins", Token(DAI, "A", 18), Token(WETH, "B", 18), 400, None, amplification=10
    )
    return CurveStableState((10**24, 10**24), LogStamp(1, 0, 0, None, None, 0, 0), Trust.PROVEN, 400, pool)


def log_of(declared: str, indexed: list[bytes], types: list[str], *values: Any, **changed: Any) -> RpcLog:
    """A log as a node tells it, its data as eth-abi encodes it."""
    topics = [keccak(declared.encode()), *(word.rjust(32, b"\0") for word in indexed)]
    told = {
        "address": VAULT,
        "topics": tuple("0x" + topic.hex() for topic in topics),
        "data": "0x" + encode(types, values).hex(),
        "block_number": hex(14_000_000),
        "transaction_hash": "0x" + "3d" * 32,
        "transaction_index": "0x0",
        "log_index": "0x16",
        "block_timestamp": "0x61dfd3ff",
    }
    return RpcLog(**{**told, **changed})


def swap(paid: int, taken: int, **changed: Any) -> RpcLog:
    """WETH for DAI."""
    indexed = [bytes.fromhex(POOL_ID), WETH, DAI]
    declared = "Swap(bytes32,address,address,uint256,uint256)"
    return log_of(declared, indexed, ["uint256"] * 2, paid, taken, **changed)


def joined(tokens: list[bytes], deltas: list[int], fees: list[int]) -> RpcLog:
    """A join, or an exit."""
    declared = "PoolBalanceChanged(bytes32,address,address[],int256[],uint256[])"
    types = ["address[]", "int256[]", "uint256[]"]
    listed = ["0x" + token.hex() for token in tokens]
    return log_of(declared, [bytes.fromhex(POOL_ID), bytes(20)], types, listed, deltas, fees)


def managed(cash: int, elsewhere: int) -> RpcLog:
    """What an asset manager does with DAI."""
    declared = "PoolBalanceManaged(bytes32,address,address,int256,int256)"
    return log_of(declared, [bytes.fromhex(POOL_ID), bytes(20), DAI], ["int256"] * 2, cash, elsewhere)


@pytest.mark.parametrize(
    ("log", "dai", "weth"),
    [
        (swap(PAID, TAKEN), -TAKEN, PAID),
        (joined([DAI, WETH], [7, 5], [2, 9]), 5, -4),
        (joined([DAI, WETH], [-(10**24), -5], [3, 0]), -(10**24) - 3, -5),
        (managed(-(10**20), 10**20), 0, 0),
        (managed(0, 12_345), 12_345, 0),
    ],
)
def test_the_vaults_logs_say_the_balances_behind_them(log: RpcLog, dai: int, weth: int) -> None:
    """Swap, join, exit with the protocol's fees, and an asset manager's gain: each token to the last unit."""
    state = weighted()
    event = balances_behind(log, state, 7)
    assert isinstance(event, PoolLiquidity)
    after = state.applied(event)
    assert after.balances == (BEFORE[0] + dai, BEFORE[1] + weth)
    assert (after.stamp.position, after.trust) == ((14_000_000, 22), Trust.PROVEN)


def test_a_swap_leaves_what_a_quote_says() -> None:
    """The fee stays in the pool, so the state behind a quote is that behind its log."""
    quote = weighted().quote_in(1, 0, 10**18)
    event = balances_behind(swap(10**18, quote.amount_out), weighted(), 0)
    assert weighted().applied(event).balances == quote.after.balances  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (swap(1, 1, address="0x" + "ba" * 20), "not_admitted"),
        (swap(1, 1, topics=(balancer_vault.SWAP_TOPIC, "0x" + "11" * 32)), "not_admitted"),
        (swap(1, 1, topics=(balancer_vault.SWAP_TOPIC,)), "not_admitted"),
        (swap(1, 1, topics=()), "unknown_topic"),
        (swap(1, 1, block_number=hex(13_999_999), log_index="0x9"), "out_of_order"),
        (swap(1, 1, data="0x"), "wrong_length"),
        (swap(1, 1, removed=True), "removed"),
        (joined([DAI, WETH, USDC], [1, 1, 1], [0, 0, 0]), "wrong_length"),
    ],
)
def test_what_the_vault_did_not_say_of_the_pool_is_refused(log: RpcLog, reason: str) -> None:
    """Another emitter or pool, an older log, too few or too many words."""
    with pytest.raises(LogRefused) as refused:
        balances_behind(log, weighted(), 0)
    assert refused.value.reason == reason


@pytest.mark.parametrize("log", [swap(1, BEFORE[0] + 1), joined([USDC, WETH], [1, 1], [0, 0])])
def test_what_a_pool_cannot_have_paid_puts_it_in_quarantine(log: RpcLog) -> None:
    """More than it held, or a token that is none of its own: no balance is made up."""
    event = balances_behind(log, weighted(), 0)
    assert isinstance(event, PoolTrustChanged)
    with pytest.raises(QuoteRefused, match="quarantined"):
        weighted().applied(event).quote_in(0, 1, 10**18)


def test_a_curve_pool_is_unknown_behind_its_logs_until_it_is_read_anew() -> None:
    """An exchange leaves a share of its fee to the administrator, untold; a move of its share token changes nothing."""
    state, address = stable(), "0x" + "09" * 20
    declared, types = "TokenExchange(address,int128,uint256,int128,uint256)", ["int128", "uint256"] * 2
    exchange = log_of(declared, [bytes(20)], types, 0, 10**18, 1, 10**18 - 5, address=address)
    doubted = state.applied(doubt_behind(exchange, state.pool))
    assert doubted.trust is Trust.DIVERGENT
    with pytest.raises(QuoteRefused, match="quarantined"):
        doubted.quote_in(0, 1, 10**18)
    (told, *_) = state.messages(state.pool.id)
    proven = doubted.applied(told).applied(PoolTrustChanged(state.pool.id, Trust.PROVEN, "read", 2))
    assert proven.quote_in(0, 1, 10**18).amount_out > 0
    moved = log_of("Transfer(address,address,uint256)", [bytes(20)] * 2, ["uint256"], 1, address=address)
    assert moved.topics[0] in curve_stable.SHARE_TOPICS
    for log, reason in ((moved, "unknown_topic"), (swap(1, 1), "not_admitted")):
        with pytest.raises(LogRefused) as refused:
            doubt_behind(log, state.pool)
        assert refused.value.reason == reason
