"""What is believed of pools and tokens, and why not."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.log_stamp import POOL
from alphapulse.data.pools import Trust
from alphapulse.data.wire import BOOLEAN, SENTENCE, U8, U64, Choice, Domain, Maybe, Text, message, wire


@message(type=214, domain=Domain.MARKET_DATA)
class PoolTrustChanged:
    """How far a pool's state may be used from now on."""

    pool: InstrumentId = wire(POOL)
    trust: Trust = wire(Choice(Trust))
    reason: str = wire(SENTENCE, "what was found")
    block_number: int = wire(U64, "block at whose end it holds")


@message(type=216, domain=Domain.MARKET_DATA)
class TokenVerdict:
    """Whether pools with a token are traded. `symbol` is what its contract says; it proves nothing."""

    token: InstrumentId = wire(POOL)
    symbol: str = wire(Text(32), "empty where the contract tells none that can be read")
    decimals: int | None = wire(Maybe(U8), "absent where the contract tells none that can be believed")
    admitted: bool = wire(BOOLEAN, "0: quarantined")
    reason: str = wire(SENTENCE, "why it is quarantined, or what was checked")


@message(type=217, domain=Domain.MARKET_DATA)
class PoolVerdict:
    """Whether a pool is believed: its factory made it, its tokens are admitted, it passes lists and floors."""

    pool: InstrumentId = wire(POOL)
    admitted: bool = wire(BOOLEAN, "0: quarantined")
    reason: str = wire(SENTENCE, "why it is quarantined, or how it was proved")
