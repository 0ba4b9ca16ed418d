"""Takes tokens out of trade: they and all pools with them are followed no longer, and everybody is told."""

from __future__ import annotations

import logging

from alphapulse.collectors.evm.discovery import Discovery
from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.data.chains import CHAINS
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.verdicts import TokenVerdict
from alphapulse.data.wire import SENTENCE
from alphapulse.safety.clipped import clipped

logger = logging.getLogger(__name__)


class TokenQuarantine:
    """Of the tokens of one chain. `discovery`, if there is one, does not take them in again for a while."""

    def __init__(self, chain_id: int, publisher: ChainPublisher, discovery: Discovery | None) -> None:
        self._venue = CHAINS[chain_id].venue
        self._publisher = publisher
        self._discovery = discovery

    def put(self, token: bytes, reason: str, block_number: int) -> None:
        """The token must not be traded from now on."""
        logger.error("token 0x%s is quarantined: %s", token.hex(), reason)
        pools = [pool for pool in self._publisher.pools.values() if token in pool.pair]
        known = next((one for pool in pools for one in pool.tokens if one.address == token), None)
        self._publisher.publish(
            [
                TokenVerdict(
                    InstrumentId.from_token_address(token, self._venue),
                    "" if known is None else known.symbol,
                    None if known is None else known.decimals,
                    False,
                    clipped(reason, SENTENCE.limit),
                )
            ]
        )
        for pool in pools:
            self._publisher.leave_out(pool, f"its token 0x{token.hex()} is quarantined: {reason}")
        if self._discovery is not None:
            self._discovery.forget(token, reason, block_number, [pool.id for pool in pools])
