"""The vectors in tests/vectors/amm: rows as text, and states as the contracts had them."""

from __future__ import annotations

import csv
import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from alphapulse.data.market import BLOCK_END, LogStamp
from alphapulse.data.pools import Trust
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.tick_map import TickMap

FOLDER = Path(__file__).parents[2] / "vectors" / "amm"
STAMP = LogStamp(24_407_242, BLOCK_END, BLOCK_END, None, None, 0, 0)


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file, compressed or not."""
    path = FOLDER / name
    with gzip.open(path, "rt") if name.endswith(".gz") else path.open() as file:
        return list(csv.DictReader(file))


def document(name: str) -> Any:
    """A compressed JSON file."""
    with gzip.open(FOLDER / name, "rt") as file:
        return json.load(file)


@cache
def wbtc_weth() -> ConcentratedState:
    """Uniswap V3 WBTC/WETH 0.3% on Ethereum with all its ticks."""
    found = document("uniswap_v3_wbtc_weth_24407242.state.json.gz")
    spacing = found["tick_spacing"]
    ticks = TickMap.of(
        spacing, ((int(tick), int(one["gross"]), int(one["net"])) for tick, one in found["ticks"].items())
    )
    price, liquidity = int(found["sqrtPriceX96"]), int(found["liquidity"])
    return ConcentratedState(price, liquidity, found["tick"], STAMP, Trust.PROVEN, found["fee_ppm"], spacing, ticks)
