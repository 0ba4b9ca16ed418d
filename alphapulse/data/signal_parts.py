"""Parts from which a frame composes a signal: identity first, then what else is known.

An arbitrage between two pools is 20 + 21 + 22 + 23 + 24 + 25 + 26, and 27, 28, 29 where they apply. ArbitrageSignal
(32) says the same of cycles of up to eight legs in one message.
"""

from __future__ import annotations

import enum

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pool_cache import PoolProtocol
from alphapulse.data.wire import (
    ADDRESS,
    BOOLEAN,
    HASH,
    I256,
    NAME,
    U8,
    U16,
    U32,
    U64,
    U128,
    U256,
    Choice,
    Domain,
    FixedBytes,
    Many,
    Maybe,
    Record,
    message,
    wire,
)


@message(type=20, domain=Domain.SIGNAL)
class SignalIdentity:
    """Which signal the frame's other parts belong to."""

    run: int = wire(U32, "run of the books")
    signal_id: int = wire(U64, "number within the run")
    strategy: str = wire(NAME)
    nonce: int = wire(U32, "how often the signal was sent before")
    chain_id: int = wire(U64)
    confidence_ppm: int = wire(U32, "how sure the strategy is", unit="ppm")


@message(type=21, domain=Domain.SIGNAL)
class AssetCorrelation:
    """The pair that is traded."""

    base: InstrumentId = wire(Record(InstrumentId))
    quote: InstrumentId = wire(Record(InstrumentId))


@message(type=22, domain=Domain.SIGNAL)
class Economics:
    """What the signal costs and is expected to bring."""

    profit_token: bytes = wire(ADDRESS)
    required_capital: int = wire(U256, unit="raw profit token")
    expected_profit: int = wire(I256, "before gas", unit="raw profit token")
    gas_units: int = wire(U64, "gas that the transaction is stated to use")
    gas_price_wei: int = wire(U128, "price per gas", unit="wei")
    gas_cost: int | None = wire(Maybe(U256), "gas valued; absent if it has no price", unit="raw profit token")


@message(type=23, domain=Domain.SIGNAL)
class ExecutionAddresses:
    """The contracts that a transaction needs."""

    base_token: bytes = wire(ADDRESS)
    quote_token: bytes = wire(ADDRESS)
    router_a: bytes = wire(ADDRESS, "of the first venue")
    router_b: bytes = wire(ADDRESS, "of the second venue")


class Direction(enum.IntEnum):
    """Which of two venues is bought from."""

    BUY_A_SELL_B = 0
    BUY_B_SELL_A = 1


@message(type=24, domain=Domain.SIGNAL)
class VenueMetadata:
    """What the two venues are and what they charge."""

    protocol_a: PoolProtocol = wire(Choice(PoolProtocol))
    protocol_b: PoolProtocol = wire(Choice(PoolProtocol))
    fee_a_ppm: int = wire(U32, unit="ppm")
    fee_b_ppm: int = wire(U32, unit="ppm")
    direction: Direction = wire(Choice(Direction))


@message(type=25, domain=Domain.SIGNAL)
class StateReference:
    """The state that the strategy saw, and how long the signal holds."""

    observed_block: int = wire(U64)
    observed_log_index: int = wire(U32, "the last log that the state includes")
    block_hash: bytes | None = wire(Maybe(HASH), "absent where the source does not tell it")
    valid_through_block: int = wire(U64, "last block in which the signal may be executed")


@message(type=26, domain=Domain.SIGNAL)
class ExecutionControl:
    """What the strategy allows the engine."""

    slippage_bps: int = wire(U16, "most that the result may fall short", unit="bps")
    price_impact_bps: int = wire(U16, "most that the trade may move a price", unit="bps")
    private_only: bool = wire(BOOLEAN, "1 if the transaction must not be seen before it is mined")
    simulate_first: bool = wire(BOOLEAN, "1 if it must succeed in a simulation before it is sent")
    replaces_signal_id: int | None = wire(Maybe(U64), "the signal that this one stands for now")


@message(type=27, domain=Domain.SIGNAL)
class PoolAddresses:
    """The two pools."""

    pool_a: InstrumentId = wire(Record(InstrumentId))
    pool_b: InstrumentId = wire(Record(InstrumentId))


class BundleRoute(enum.IntEnum):
    """How a bundle reaches the builders."""

    FLASHBOTS = 1
    MEV_SHARE = 2


@message(type=28, domain=Domain.SIGNAL)
class MEVBundle:
    """How the transaction is bundled."""

    bundle_id: bytes = wire(FixedBytes(16), "UUID of the bundle")
    route: BundleRoute = wire(Choice(BundleRoute))
    builders: tuple[str, ...] = wire(Many(NAME, 16), "builders that may see it, in order of preference; none: all")
    most_transactions: int = wire(U8, "transactions in the bundle at most")
    priority_fee_wei: int = wire(U128, "per gas", unit="wei")
    target_block: int = wire(U64, "first block that it may go into")
    block_range: int = wire(U8, "further blocks that it may go into")


@message(type=29, domain=Domain.SIGNAL)
class TertiaryVenue:
    """The third venue of a triangle."""

    router: bytes = wire(ADDRESS)
    protocol: PoolProtocol = wire(Choice(PoolProtocol))
    fee_ppm: int = wire(U32, unit="ppm")
