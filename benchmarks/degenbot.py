"""The same swap steps, ticks and quotes by degenbot, in a virtual environment that is thrown away afterwards.

It is the best known Python library for such work. The newest version that pip finds for this Python is taken; without
one, or if a result differs from ours, its lines are left out and standard error says why. It remembers most results:
what is measured is what a state costs that was not seen before.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alphapulse.data.market import LogStamp, PoolSwap
from alphapulse.data.pools import Trust
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.swap_math import compute_swap_step
from alphapulse.rules.amm.tick_map import TickMap
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick
from benchmarks.figures import Figure

VECTORS = Path(__file__).parents[1] / "tests/vectors/amm"
INSTALL_S, RUN_S = 300, 120

PROGRAM = """
import importlib.metadata, json, sys
from time import perf_counter_ns
from types import SimpleNamespace
from degenbot.uniswap.types import UniswapV3LiquidityAtTick
from degenbot.uniswap.v3_libraries import swap_math, tick_math
from degenbot.uniswap.v3_liquidity_pool import UniswapV3Pool
asked = json.load(sys.stdin)
ratio, tick = tick_math.get_sqrt_ratio_at_tick, tick_math.get_tick_at_sqrt_ratio
step, state = swap_math.compute_swap_step, asked["state"]
remembering = {
    call for name, module in list(sys.modules.items()) if name.startswith("degenbot.uniswap.v3")
    for call in vars(module).values() if hasattr(call, "cache_clear")
}
pool = SimpleNamespace(
    liquidity=state["liquidity"], sqrt_price_x96=state["price"], tick=state["tick"], fee=state["fee"],
    tick_spacing=state["spacing"], tick_bitmap={}, sparse_liquidity_map=False, SwapState=UniswapV3Pool.SwapState,
    StepComputations=UniswapV3Pool.StepComputations,
    tick_data={t: UniswapV3LiquidityAtTick(liquidity_net=n, liquidity_gross=g) for t, g, n in state["ticks"]},
)
def quote(token_in, amount):
    limit = tick_math.MIN_SQRT_RATIO + 1 if token_in == 0 else tick_math.MAX_SQRT_RATIO - 1
    return -UniswapV3Pool._calculate_swap(pool, token_in == 0, amount, limit)[1 - token_in]
calls = {
    "step": (lambda one: step(*one), asked["steps"]), "ratio": (ratio, asked["ticks"]),
    "tick": (tick, asked["prices"]), "quote": (lambda one: quote(*one), asked["quotes"]),
}
told = {"version": importlib.metadata.version("degenbot"), "first": {}, "ns": {}}
for name, (call, inputs) in calls.items():
    told["first"][name] = call(inputs[0])
    told["ns"][name] = []
    for _ in range(7):
        for one in remembering:
            one.cache_clear()
        began = perf_counter_ns()
        for one in inputs:
            call(one)
        told["ns"][name].append((perf_counter_ns() - began) / len(inputs))
print(json.dumps(told))
"""


@cache
def quotes() -> tuple[ConcentratedState, list[tuple[int, int]]]:
    """A real pool with its whole tick map, and the inputs (token, amount) that its contract was asked."""
    with gzip.open(VECTORS / "uniswap_v3_wbtc_weth_24407242.state.json.gz", "rt") as file:
        told = json.load(file)
    ticks = [(int(tick), int(one["gross"]), int(one["net"])) for tick, one in told["ticks"].items()]
    state = ConcentratedState(
        int(told["sqrtPriceX96"]),
        int(told["liquidity"]),
        told["tick"],
        LogStamp(told["block"], 0, 0, bytes(32), None, 0, 0),
        Trust.PROVEN,
        told["fee_ppm"],
        told["tick_spacing"],
        TickMap.of(told["tick_spacing"], ticks),
    )
    asked = []
    with (VECTORS / "uniswap_v3_wbtc_weth_24407242.quotes.csv").open() as file:
        for row in csv.DictReader(file):
            token_in, amount = 1 - int(row["zero_for_one"]), int(row["amount"])
            if row["function"] == "quoteExactInputSingle" and row["onchain_result"] != "REVERT":
                try:
                    if state.quote_in(token_in, 1 - token_in, amount).amount_in == amount:
                        asked.append((token_in, amount))
                except QuoteRefused:
                    continue
    return state, asked


def degenbot_figures(swaps: Sequence[PoolSwap]) -> list[Figure]:
    """Its rates on the same inputs, in millions a second."""
    state, asked = quotes()
    swaps = swaps[:1000]
    steps = [(one.sqrt_price_x96, sqrt_ratio_at_tick(one.tick), one.liquidity, 1_000_000_000, 500) for one in swaps]
    document = {
        "state": {
            "liquidity": state.liquidity,
            "price": state.sqrt_price_x96,
            "tick": state.tick,
            "fee": state.fee_ppm,
            "spacing": state.tick_spacing,
            "ticks": list(state.ticks or ()),
        },
        "steps": steps,
        "ticks": list(dict.fromkeys(one.tick for one in swaps)),
        "prices": list(dict.fromkeys(one.sqrt_price_x96 for one in swaps)),
        "quotes": asked,
    }
    try:
        told = _run(json.dumps(document))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        sys.stderr.write(f"degenbot was not measured: {error}\n")
        return []
    token_in, amount = asked[0]
    same = (
        tuple(told["first"]["step"]) == tuple(compute_swap_step(*steps[0]))
        and told["first"]["ratio"] == sqrt_ratio_at_tick(swaps[0].tick)
        and told["first"]["tick"] == swaps[0].tick
        and told["first"]["quote"] == state.quote_in(token_in, 1 - token_in, amount).amount_out
    )
    if not same:
        sys.stderr.write("degenbot was not measured: its results differ from ours\n")
        return []
    names = {
        "step": "exact swap step",
        "ratio": "tick -> sqrt price, not cached",
        "tick": "sqrt price -> tick, not cached",
        "quote": "exact V3 quote across ticks, WBTC/WETH",
    }
    return [
        Figure(f"degenbot {told['version']}: {names[name]}", "M/s", tuple(1e3 / ns for ns in told["ns"][name]))
        for name in names
    ]


def _run(document: str) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder, "bin/python"))
        install = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "degenbot"]
        subprocess.run(install, check=True, capture_output=True, timeout=INSTALL_S)  # noqa: S603  # our own words
        done = subprocess.run(  # noqa: S603
            [python, "-c", PROGRAM], check=True, capture_output=True, timeout=RUN_S, input=document, text=True
        )
    told: dict[str, Any] = json.loads(done.stdout)
    return told
