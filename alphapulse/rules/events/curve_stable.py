"""The logs of Curve's stable pools: behind each of them nobody knows what the pool holds until it is read anew.

`TokenExchange` says what was sold and bought. What leaves the pool beside that, the administrator's share of the fee,
no log says, nor in which coin liquidity was taken out. `RampA` and `NewFee` change how it computes.
"""

from __future__ import annotations

from alphapulse.data.pools import Pool, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import LogRefused
from alphapulse.rules.events.hex_text import read_block_number, shown
from alphapulse.rules.events.log_words import topic_of, unknown_topic
from alphapulse.rules.events.rpc_log import RpcLog

SHARE_TOPICS = frozenset(
    (
        "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
        "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925",
    )
)
"""keccak256 of `Transfer(address,address,uint256)` and `Approval(address,address,uint256)`: newer pools are their own
share's token, whose moves leave the pool as it is. All other topics differ from template to template; each counts."""


def doubt_behind(log: RpcLog, pool: Pool) -> PoolTrustChanged:
    """The word that the pool's state does not hold any more, for any log of its own but a share's.

    Raises:
        LogRefused: `removed`, `unknown_topic` for a share's log, `not_admitted` for another emitter.
    """
    topic = topic_of(log)
    if log.address.lower() != pool.id.name:
        raise LogRefused("not_admitted", f"expected a log of {pool.name}, found emitter {shown(log.address)}")
    if topic in SHARE_TOPICS:
        raise unknown_topic("a Curve pool that changes it", topic)
    reason = "its balances changed by what its logs do not say: it has to be read anew"
    return PoolTrustChanged(pool.id, Trust.DIVERGENT, reason, read_block_number(log.block_number))
