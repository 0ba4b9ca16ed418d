"""The recorded day that ships with the package: its pools, and its logs as subscription frames."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.rules.events.rpc_log import RpcLog

DAY = Path(__file__).parents[3] / "alphapulse/demo/uniswap_v3_day"


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@cache
def pools() -> tuple[Pool, ...]:
    """USDC/WETH 0.05% and 0.30%."""
    described = json.loads((DAY / "pools.json").read_text())
    tokens = {
        address: Token(_bytes(address), token["symbol"], token["decimals"])
        for address, token in described["tokens"].items()
    }
    return tuple(
        Pool(
            InstrumentId.from_pool_address(_bytes(pool["address"]), Venue.UNISWAP_V3),
            PoolKind.V3,
            pool["name"],
            tokens[pool["token0"]],
            tokens[pool["token1"]],
            pool["fee_ppm"],
            pool["tick_spacing"],
        )
        for pool in described["pools"]
    )


@cache
def log_objects() -> tuple[dict[str, Any], ...]:
    """All logs as the node's JSON objects, in order."""
    with gzip.open(DAY / "usdc_weth_2024-01-05_h00-12.logs.jsonl.gz", "rt") as file:
        return tuple(json.loads(line) for line in file)


def frame(log: object) -> bytes:
    """The `eth_subscription` frame that carries `log`."""
    params = {"subscription": "0x1", "result": log}
    return json.dumps({"jsonrpc": "2.0", "method": "eth_subscription", "params": params}).encode()


def rpc_log(log: dict[str, Any]) -> RpcLog:
    """The typed log of a JSON object."""
    return msgspec.convert(log, RpcLog)
