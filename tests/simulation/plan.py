"""What a seed decides before a simulation begins: its configuration, its faults, and what is to be shown."""

from __future__ import annotations

import enum
from random import Random

import attrs

from tests.simulation.fault_mix import draw_rates
from tests.simulation.pools import USDC, WETH


class Goal(enum.Enum):
    """What is to be shown: that nothing unsafe happens under faults, or that it recovers from them."""

    SAFETY = "safety"
    LIVENESS = "liveness"


@attrs.frozen
class Plan:
    """What a seed decided before the simulation begins."""

    seed: int
    goal: Goal
    length_s: int
    block_s: int
    restless_ppm: int
    toml: str
    max_size: dict[str, int]
    """Largest trade by profit token, raw units."""
    max_gross: dict[str, int]
    """Most that may be on its way at once, by profit token, raw units."""
    rates: dict[str, int]
    """Of the faults, in millionths."""
    keeps_published: bool = True
    """Whether what was published is kept, to be compared with the journal; a day has too much of it."""


def draw_plan(seed: int, goal: Goal, length_s: int) -> Plan:
    """The configuration of a seed."""
    chance = Random(f"plan {seed}")
    block_s = chance.choice((2, 2, 12))
    latency = chance.choice(("{ logs = 0 }", "{ logs = 0 }", "{ logs = 1 }", "{ blocks = 0 }", "{ blocks = 1 }"))
    max_size = {USDC: chance.choice((5_000, 200_000, 5_000_000)) * 10**6, WETH: 2_000 * 10**18}
    gross = {token: size * chance.choice((1, 2, 1_000)) for token, size in max_size.items()}
    toml = f"""
[web]
enabled = false
[collectors.day]
kind = "recorded"
logs = ["package:demo/uniswap_v3_day/usdc_weth_2024-01-05_h00-12.logs.jsonl.gz"]
pools = "pools.json"
[strategies.flash_arbitrage]
evaluate = "{chance.choice(("log", "log", "block"))}"
base_tokens = ["{USDC}", "{WETH}"]
flash_fee_ppm = {chance.choice((0, 0, 500))}
max_trade_value = {{ "{USDC}" = {max_size[USDC]}, "{WETH}" = {max_size[WETH]} }}
[costs]
gas_price_wei = {chance.choice((0, 10**9, 30 * 10**9))}
[execution]
latency = {latency}
[limits]
max_input_age_s = {chance.choice((5, 30, 60))}
max_gross_exposure = {{ "{USDC}" = {gross[USDC]}, "{WETH}" = {gross[WETH]} }}
[halting]
probation_s = {chance.choice((0, 60, 900))}
"""
    rates = draw_rates(Random(f"rates {seed}"))
    return Plan(seed, goal, length_s, block_s, chance.choice((1_500, 3_000, 6_000)), toml, max_size, gross, rates)


def by_address(limits: dict[str, int]) -> dict[bytes, int]:
    """Limits by token, whose addresses are read."""
    return {bytes.fromhex(token[2:]): limit for token, limit in limits.items()}
