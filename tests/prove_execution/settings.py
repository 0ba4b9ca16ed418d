"""The configuration of a daemon that trades for real on a world of ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from alphapulse import __version__
from alphapulse.devnet.node import CHAIN_ID
from alphapulse.devnet.pool_listing import pool_file_text
from alphapulse.devnet.world import World

BASES = ("USDC.e", "WPOL", "WETH")
FLOORS = {"USDC.e": "1", "WPOL": "2", "WETH": "0.0003"}
"""Least net profit, a dollar or less."""
PLENTY = {"USDC.e": "100000000", "WPOL": "200000000", "WETH": "40000"}
KEY = "PROVE_KEY"
"""Where in its environment the daemon finds the wallet's key."""
SETTLED_DEPTH = 3
GWEI = 10**9


def write_settings(
    folder: Path, world: World, urls: tuple[str, str], executor: str, changed: Mapping[str, int | str]
) -> Path:
    """Write configuration and pool file; `changed` sets keys by their names. The configuration's path."""
    (folder / "pools.json").write_text(pool_file_text(tuple(world.pools.values()), world.chain_id), "utf-8")
    (http, ws), wrapped = urls, world.tokens["WPOL"].address
    bases = ", ".join(f'"{world.tokens[symbol].address}"' for symbol in BASES)
    lines = TEMPLATE.format(
        chain_id=world.chain_id,
        chain="" if world.chain_id == CHAIN_ID else CHAIN.format(chain_id=world.chain_id, wrapped=wrapped),
        multicall=world.places["Multicall3"],
        http=http,
        ws=ws,
        wrapped=wrapped,
        bases=bases,
        floors=_table(FLOORS),
        plenty=_table(PLENTY),
        executor=executor,
        vault=world.places["Balancer vault"],
        lender=world.places["Aave pool"],
        key=KEY,
        settled_depth=SETTLED_DEPTH,
        build=__version__,
    ).splitlines()
    for key, value in changed.items():
        at = [number for number, line in enumerate(lines) if line.startswith(f"{key} = ")]
        if len(at) != 1:
            raise ValueError(f"expected one line with the key {key}, found {len(at)}")
        lines[at[0]] = f"{key} = {value}"
    path = folder / "config.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _table(amounts: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f'"{symbol}" = "{amount}"' for symbol, amount in amounts.items()) + " }"


CHAIN = """
[chain]
id = {chain_id}
name = "Elsewhere"
wrapped_native = "{wrapped}"
"""
"""A chain that AlphaPulse does not know by itself."""
TEMPLATE = """
[daemon]
mode = "live"
data_folder = "data"

[web]
enabled = false
port = 0

{chain}
[collectors.chain]
kind = "evm"
chain_id = {chain_id}
block_time_ms = 1000
pools = "pools.json"
multicall = "{multicall}"
verify_ppm = 20_000

[[collectors.chain.nodes]]
label = "front"
http = "{http}"
ws = "{ws}"
requests_per_s = 100_000
batch_size = 100
max_in_flight = 16

[collectors.chain.finality]
safe_depth = 1
tag = ""
settled_depth = {settled_depth}

[strategies.flash_arbitrage]
evaluate = "block"
base_tokens = [{bases}]
min_net_profit = {floors}
max_trade_value = {plenty}
max_hourly_volume = {plenty}
capital = {plenty}
max_daily_loss = {plenty}
max_drawdown = {plenty}
max_losing_streak = 100_000
max_unfilled_repeats = 100_000
flash_loan = "swap"
most_hops = 3

[costs]
gas_price_wei = "live"
priority_fee_wei = 30_000_000_000
wrapped_native = "{wrapped}"

[execution]
latency = {{ blocks = 1 }}
tip_floor_wei = 30_000_000_000
tip_cap_wei = 300_000_000_000
cap_wei = 6_000_000_000_000
deadline_blocks = 3
most_unmined = 8
resend_s = 1
bump_after_blocks = 2
balancer_vault = "{vault}"
aave_pool = "{lender}"

[wallets]
main = {{ executor = "{executor}", key_env = "{key}", accept_environment_key = true }}

[limits]
max_input_age_s = 3_600
max_signal_age_s = 60
approved_builds = ["{build}"]
max_gap_ppm = 900_000
max_instrument_exposure = {plenty}
max_venue_exposure = {plenty}
max_gross_exposure = {plenty}
max_net_exposure = {plenty}
max_daily_loss = {plenty}
max_drawdown = {plenty}
max_gas_price_wei = 6_000_000_000_000
max_hourly_gas_wei = 1_000_000_000_000_000_000_000
max_hourly_reverts = 100_000
max_failures_in_row = 100_000
max_venue_intents = 1_000
max_strategy_intents = 1_000
max_intents = 1_000
loop_stall_s = 20
loop_exit_s = 60

[halting]
probation_s = 0

[breakers]
max_jump_ppm = 100_000_000
max_failure_ppm = 900_000
least_outcomes = 20
max_unknown_orders = 64
max_loop_lag_ms = 20_000
"""
