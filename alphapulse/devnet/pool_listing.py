"""The pools of a devnet as a pool file, which a collector reads."""

from __future__ import annotations

import json
from collections.abc import Sequence

from alphapulse.devnet.moves import DevPool
from alphapulse.devnet.node import CHAIN_ID


def pool_file_text(pools: Sequence[DevPool], chain_id: int = CHAIN_ID) -> str:
    """The text of the file: kinds, fees and spacings where they are fixed, and all tokens."""
    tokens = {token.address.lower(): token for pool in pools for token in (pool.token0, pool.token1)}
    document = {
        "chainId": chain_id,
        "pools": [_entry(pool) for pool in pools],
        "tokens": {address: {"symbol": token.symbol, "decimals": token.decimals} for address, token in tokens.items()},
    }
    return json.dumps(document, indent=2) + "\n"


def _entry(pool: DevPool) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": pool.name,
        "address": pool.address,
        "kind": pool.family.value,
        "token0": pool.token0.address.lower(),
        "token1": pool.token1.address.lower(),
    }
    if pool.fee_ppm is not None:
        entry["fee_ppm"] = pool.fee_ppm
    if pool.spacing:
        entry["tick_spacing"] = pool.spacing
    return entry
