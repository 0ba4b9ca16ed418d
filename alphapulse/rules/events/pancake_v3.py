"""The logs in which PancakeSwap V3 differs from Uniswap V3 (`IPancakeV3PoolEvents.sol`): Swap and SetFeeProtocol."""

from __future__ import annotations

from alphapulse.data.market import PoolSwap
from alphapulse.data.pool_events import ProtocolFeeChanged
from alphapulse.rules.events import concentrated_swap
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.log_words import check_topics, fits, stamp_of, words_of
from alphapulse.rules.events.rpc_log import RpcLog

SWAP_TOPIC = "0x19b47279256b2a23a1665c810c8d55a1758940ee09377d4f8d26497a3577dc83"
"""keccak256 of `Swap(address,address,int256,int256,uint160,uint128,int24,uint128,uint128)`."""
SET_FEE_PROTOCOL_TOPIC = "0xb3159fed3ddfba67bae294599eafe2d0ec98c08bb38e0e5fb87d33154b6e05aa"
"""keccak256 of `SetFeeProtocol(uint32,uint32,uint32,uint32)`."""


def swap(log: RpcLog, pool: Emitter, received_ns: int) -> PoolSwap:
    """A Swap; what of its fee goes to the protocol is checked and left out.

    Raises:
        LogRefused: as `uniswap_v3.decode_log`.
    """
    return concentrated_swap.swap(log, pool, received_ns, protocol_fees=2)


def set_fee_protocol(log: RpcLog, pool: Emitter, received_ns: int) -> ProtocolFeeChanged:
    """New shares of the protocol in the fees, in ten thousandths.

    Raises:
        LogRefused: as `uniswap_v3.decode_log`.
    """
    check_topics(log.topics, 1)
    shares = [fits("a share of the fees", 32, word) for word in words_of(log.data, 4)]
    return ProtocolFeeChanged(stamp_of(log, received_ns), pool.id, *shares)
