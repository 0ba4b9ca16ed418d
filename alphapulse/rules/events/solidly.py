"""The logs of Solidly's pools: Velodrome, Aerodrome, forks of the first version (`IPool.sol`, `BaseV1-core.sol`).

Both generations tell reserves alike; the first writes Swap and Burn as Uniswap V2 does. `Fees` and `Claim` move what
lies beside the reserves and are `unknown_topic`, as are a token's own events.
"""

from __future__ import annotations

from collections.abc import Callable

from alphapulse.data.market import PoolEvent
from alphapulse.rules.events import pair_log, uniswap_v2
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.log_words import topic_of, unknown_topic
from alphapulse.rules.events.rpc_log import RpcLog

SWAP_TOPIC = "0xb3e2773606abfd36b5bd91394b3a54d1398336c65005baf7bf7a05efeffaf75b"
"""keccak256 of `Swap(address,address,uint256,uint256,uint256,uint256)`."""
SYNC_TOPIC = "0xcf2aa50876cdfbb541206f89af0ee78d44a2abf8d328e37fa4917f982149848a"
"""keccak256 of `Sync(uint256,uint256)`."""
BURN_TOPIC = "0x5d624aa9c148153ab3446c1b154f660ee7701e549fe9b62dab7171b1c80e6fa2"
"""keccak256 of `Burn(address,address,uint256,uint256)`."""


def decode_log(log: RpcLog, pool: Emitter, received_ns: int) -> PoolEvent:
    """The typed event in a log that the pool emitted; the caller has matched the address.

    Raises:
        LogRefused: as `uniswap_v3.decode_log`.
    """
    topic = topic_of(log)
    read = _READERS.get(topic)
    if read is None:
        raise unknown_topic("a Solidly pool", topic)
    return read(log, pool, received_ns)


_READERS: dict[str, Callable[[RpcLog, Emitter, int], PoolEvent]] = {
    SYNC_TOPIC: pair_log.sync,
    SWAP_TOPIC: pair_log.swap,
    uniswap_v2.SWAP_TOPIC: pair_log.swap,  # the same words; only the recipient's topic stands elsewhere
    uniswap_v2.MINT_TOPIC: pair_log.mint,
    BURN_TOPIC: pair_log.burn,
    uniswap_v2.BURN_TOPIC: pair_log.burn,
}
