"""From a subscription's frame to the typed event of an admitted pool."""

from __future__ import annotations

from collections.abc import Iterable

from alphapulse.data.market import PoolEvent
from alphapulse.data.pools import Pool
from alphapulse.errors import LogRefused
from alphapulse.rules.events import uniswap_v3
from alphapulse.rules.events.hex_text import shown
from alphapulse.rules.events.rpc_log import RpcLog, decode_frame


class LogDecoder:
    """Decodes logs of the pools it was given and refuses everybody else's: an event's signature proves nothing."""

    def __init__(self, pools: Iterable[Pool]) -> None:
        self._pools = {pool.id.name: pool for pool in pools}

    def decode(self, frame: bytes | str, received_ns: int) -> PoolEvent:
        """The event in an `eth_subscription` frame that was received at `received_ns`, wall clock.

        Raises:
            LogRefused: `not_json`, `not_a_log`, or a reason of `decode_log`.
        """
        return self.decode_log(decode_frame(frame), received_ns)

    def decode_log(self, log: RpcLog, received_ns: int) -> PoolEvent:
        """The event in a log. The emitter's address may be written in lower case or with its checksum.

        Raises:
            LogRefused: `not_admitted` if the emitter is none of the pools, or a reason of `uniswap_v3.decode_log`.
        """
        pool = self._pools.get(log.address) or self._pools.get(log.address.lower())
        if pool is None:
            raise LogRefused("not_admitted", f"expected a log of an admitted pool, found emitter {shown(log.address)}")
        return uniswap_v3.decode_log(log, pool, received_ns)
