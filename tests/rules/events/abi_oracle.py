"""A second, slow reading of V3 logs by eth-abi, from the events' declarations in the contracts."""

from __future__ import annotations

from typing import Any, NamedTuple

from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, PoolBurn, PoolCollect, PoolEvent, PoolMint, PoolSwap


class Parameter(NamedTuple):
    """One parameter of an event: its ABI type, whether it travels in a topic, and the event's field that holds it."""

    type: str
    indexed: bool
    field: str | None


class Declaration(NamedTuple):
    """An event of `IUniswapV3PoolEvents.sol`."""

    name: str
    cls: type[PoolSwap] | type[PoolMint] | type[PoolBurn] | type[PoolCollect]
    parameters: tuple[Parameter, ...]

    @property
    def topic(self) -> str:
        """keccak256 of the signature."""
        signature = f"{self.name}({','.join(parameter.type for parameter in self.parameters)})"
        return "0x" + keccak(signature.encode()).hex()


DECLARATIONS = (
    Declaration(
        "Swap",
        PoolSwap,
        (
            Parameter("address", True, None),
            Parameter("address", True, None),
            Parameter("int256", False, "amount0"),
            Parameter("int256", False, "amount1"),
            Parameter("uint160", False, "sqrt_price_x96"),
            Parameter("uint128", False, "liquidity"),
            Parameter("int24", False, "tick"),
        ),
    ),
    Declaration(
        "Mint",
        PoolMint,
        (
            Parameter("address", False, None),
            Parameter("address", True, None),
            Parameter("int24", True, "tick_lower"),
            Parameter("int24", True, "tick_upper"),
            Parameter("uint128", False, "liquidity"),
            Parameter("uint256", False, "amount0"),
            Parameter("uint256", False, "amount1"),
        ),
    ),
    Declaration(
        "Burn",
        PoolBurn,
        (
            Parameter("address", True, None),
            Parameter("int24", True, "tick_lower"),
            Parameter("int24", True, "tick_upper"),
            Parameter("uint128", False, "liquidity"),
            Parameter("uint256", False, "amount0"),
            Parameter("uint256", False, "amount1"),
        ),
    ),
    Declaration(
        "Collect",
        PoolCollect,
        (
            Parameter("address", True, None),
            Parameter("address", False, None),
            Parameter("int24", True, "tick_lower"),
            Parameter("int24", True, "tick_upper"),
            Parameter("uint128", False, "amount0"),
            Parameter("uint128", False, "amount1"),
        ),
    ),
)
BY_TOPIC = {declaration.topic: declaration for declaration in DECLARATIONS}


def oracle_event(log: dict[str, Any], pool: InstrumentId, received_ns: int) -> PoolEvent:
    """The event that eth-abi finds in a log object."""
    declaration = BY_TOPIC[log["topics"][0]]
    words = iter(log["topics"][1:])
    data_types = [parameter.type for parameter in declaration.parameters if not parameter.indexed]
    values = iter(decode(data_types, bytes.fromhex(log["data"][2:])))
    fields = {}
    for parameter in declaration.parameters:
        value = decode([parameter.type], bytes.fromhex(next(words)[2:]))[0] if parameter.indexed else next(values)
        if parameter.field is not None:
            fields[parameter.field] = value
    block_hash = log.get("blockHash")
    stamp = LogStamp(
        int(log["blockNumber"], 16),
        int(log["logIndex"], 16),
        int(log["transactionIndex"], 16),
        bytes.fromhex(log["transactionHash"][2:]),
        None if block_hash is None else bytes.fromhex(block_hash[2:]),
        int(log["blockTimestamp"], 16) * 10**9,
        received_ns,
    )
    return declaration.cls(stamp=stamp, pool=pool, **fields)


def encoded(declaration: Declaration, values: tuple[object, ...]) -> tuple[list[str], str]:
    """Topics and data of an event with these values, in the order of its declaration."""
    both = list(zip(declaration.parameters, values, strict=True))
    topics = ["0x" + encode([parameter.type], [value]).hex() for parameter, value in both if parameter.indexed]
    plain = [(parameter.type, value) for parameter, value in both if not parameter.indexed]
    data = encode([kind for kind, _ in plain], [value for _, value in plain])
    return [declaration.topic, *topics], "0x" + data.hex()
