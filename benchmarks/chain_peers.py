"""Run by `benchmarks.chain` in a folder of its own: Swap logs decoded by another library, as its documentation says.

    python chain_peers.py web3|degenbot LOGS.json

Prints {name and version: [logs a second, …]}. degenbot reads logs by web3.py with its own ABI, into its own update.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROUNDS = 3
MOST_LOGS = 3_000
SWAP: list[dict[str, Any]] = [
    {
        "anonymous": False,
        "name": "Swap",
        "type": "event",
        "inputs": [
            {"indexed": True, "name": "sender", "type": "address"},
            {"indexed": True, "name": "recipient", "type": "address"},
            {"indexed": False, "name": "amount0", "type": "int256"},
            {"indexed": False, "name": "amount1", "type": "int256"},
            {"indexed": False, "name": "sqrtPriceX96", "type": "uint160"},
            {"indexed": False, "name": "liquidity", "type": "uint128"},
            {"indexed": False, "name": "tick", "type": "int24"},
        ],
    }
]


def main() -> None:
    """Decode all logs, some rounds."""
    library, path = sys.argv[1:]
    from web3 import Web3  # noqa: PLC0415 - it is there only where this is run
    from web3._utils.method_formatters import log_entry_formatter  # noqa: PLC0415

    logs = [log_entry_formatter(_as_told(log)) for log in json.loads(Path(path).read_bytes())[:MOST_LOGS]]
    abi, update = SWAP, None
    name = f"web3.py {version('web3')}"
    if library == "degenbot":
        from degenbot.uniswap.abi import UNISWAP_V3_POOL_ABI  # noqa: PLC0415
        from degenbot.uniswap.types import UniswapV3PoolExternalUpdate  # noqa: PLC0415

        abi, update = UNISWAP_V3_POOL_ABI, UniswapV3PoolExternalUpdate
        name = f"degenbot {version('degenbot')} (by web3.py)"
    swap = Web3().eth.contract(abi=abi).events.Swap()
    rates = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for log in logs:
            told = swap.process_log(log)
            if update is not None:
                words = told["args"]
                update(
                    block_number=told["blockNumber"],
                    liquidity=words["liquidity"],
                    sqrt_price_x96=words["sqrtPriceX96"],
                    tick=words["tick"],
                )
        rates.append(len(logs) / (time.perf_counter() - began))
    json.dump({name: rates}, sys.stdout)


def _as_told(log: dict[str, Any]) -> dict[str, Any]:
    """A recorded log with the fields of a node's; the recording tells no block hash."""
    return {"blockHash": "0x" + "00" * 32} | {key: value for key, value in log.items() if value is not None}


main()
