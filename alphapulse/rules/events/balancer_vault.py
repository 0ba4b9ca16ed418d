"""The logs of Balancer's vault (`IVault.sol`): what each leaves of a weighted pool's balances, to the last unit.

The vault holds the tokens of all pools and says of every change how much one of them gains and loses, fees included. So
the balances behind a log follow from those before it, whatever the pool's fee and weights are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alphapulse.data.pool_reserves import PoolLiquidity, TokenReserve
from alphapulse.data.pools import Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import LogRefused
from alphapulse.rules.amm.balancer_weighted import BalancerWeightedState
from alphapulse.rules.events.hex_text import shown, signed
from alphapulse.rules.events.log_words import (
    WORD,
    address_in,
    check_topics,
    stamp_of,
    topic_address,
    topic_of,
    unknown_topic,
    words_of,
)
from alphapulse.rules.events.rpc_log import RpcLog

VAULT = "0xba12222222228d8ba445958a75a0704d566bf2c8"
"""Where the vault stands, on every chain."""
SWAP_TOPIC = "0x2170c741c41531aec20e7c107c24eecfdd15e69c9bb0a8dd37b1840b9e0b207b"
"""keccak256 of `Swap(bytes32,address,address,uint256,uint256)`."""
POOL_BALANCE_CHANGED_TOPIC = "0xe5ce249087ce04f05a957192435400fd97868dba0e6a4b4c049abf8af80dae78"
"""keccak256 of `PoolBalanceChanged(bytes32,address,address[],int256[],uint256[])`."""
POOL_BALANCE_MANAGED_TOPIC = "0x6edcaf6241105b4c94c2efdbf3a6b12458eb3d07be3a0e81d24b13c44045fe7a"
"""keccak256 of `PoolBalanceManaged(bytes32,address,address,int256,int256)`."""

_Changes = Mapping[bytes, int]
"""By token: raw units that the pool has more than before."""


def balances_behind(log: RpcLog, state: BalancerWeightedState, received_ns: int) -> PoolLiquidity | PoolTrustChanged:
    """What the pool of `state` holds behind one of the vault's logs; divergent if that cannot be.

    Raises:
        LogRefused: as `uniswap_v3.decode_log`; `not_admitted` for another emitter or another pool, `out_of_order` for a
            log that stands before the state.
    """
    topic, pool = topic_of(log), state.pool
    read = _READERS.get(topic)
    if read is None:
        raise unknown_topic("Balancer's vault", topic)
    # A pool's id begins with its address.
    if log.address.lower() != VAULT or "".join(log.topics[1:2])[:42].lower() != pool.id.name:
        raise LogRefused("not_admitted", f"expected the vault's word on {pool.name}, found {shown(log.address)}'s")
    stamp = stamp_of(log, received_ns)
    if stamp.position <= state.stamp.position:
        where = f"block {stamp.block_number}, log {stamp.log_index}"
        raise LogRefused("out_of_order", f"expected a log behind the state of {pool.name}, found {where}")
    changes = read(log, len(pool.tokens))
    held = {
        token.address: balance + changes.get(token.address, 0)
        for token, balance in zip(pool.tokens, state.balances, strict=True)
    }
    if changes.keys() - held.keys() or min(held.values()) < 0:
        reason = "the vault moved what the pool does not hold: a log is missing, or its tokens are others"
        return PoolTrustChanged(pool.id, Trust.DIVERGENT, reason, stamp.block_number)
    return PoolLiquidity(stamp, pool.id, tuple(TokenReserve(token, balance) for token, balance in held.items()))


def _swap(log: RpcLog, _tokens: int) -> _Changes:
    check_topics(log.topics, 4)
    paid, taken = words_of(log.data, 2)
    return {topic_address(log.topics[2]): paid, topic_address(log.topics[3]): -taken}


def _balance_managed(log: RpcLog, _tokens: int) -> _Changes:
    """An asset manager has taken, brought or counted again: what he holds is the pool's too."""
    check_topics(log.topics, 4)
    cash, managed = words_of(log.data, 2)
    return {topic_address(log.topics[3]): signed(cash) + signed(managed)}


def _balance_changed(log: RpcLog, tokens: int) -> _Changes:
    """A join or an exit of all tokens, and the fees that the protocol took with it."""
    check_topics(log.topics, 3)
    size = 1 + tokens
    words = words_of(log.data, 3 + 3 * size)
    places = [3 * WORD, (3 + size) * WORD, (3 + 2 * size) * WORD]
    if words[:3] != places or {words[place // WORD] for place in places} != {tokens}:
        raise LogRefused("out_of_range", f"expected three lists of {tokens} words, found others")
    lists = [words[place // WORD + 1 : place // WORD + size] for place in places]
    return {address_in("a token", token): signed(delta) - fee for token, delta, fee in zip(*lists, strict=True)}


_READERS: dict[str, Callable[[RpcLog, int], _Changes]] = {
    SWAP_TOPIC: _swap,
    POOL_BALANCE_CHANGED_TOPIC: _balance_changed,
    POOL_BALANCE_MANAGED_TOPIC: _balance_managed,
}
