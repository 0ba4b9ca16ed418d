"""Configurations over the shipped half day, and what it is known to give."""

from __future__ import annotations

from pathlib import Path

import attrs

USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
POOL_005 = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640"
POOL_030 = "0x8ad599c3a0ff1de082011efddc58f1908eb6e6d8"
RECORDING = "package:demo/uniswap_v3_day/usdc_weth_2024-01-05_h00-12.logs.jsonl.gz"
POOLS = "package:demo/uniswap_v3_day/pools.json"

TRADES, OPPORTUNITIES, NET = 18, 29, 4_721_466_730
"""Of the half day with gas, flash fee and floors 0; the net is in raw USDC."""


@attrs.frozen(kw_only=True)
class Day:
    """A configuration with gas, flash fee and floors 0, whose books lie in `data` beside it."""

    logs: str = RECORDING
    pools: str = POOLS
    speed: int = 0
    at_end: str = "hold"
    start: str | None = None
    end: str | None = None
    evaluate: str = "log"
    latency: str = "{ logs = 0 }"
    web: bool = False
    port: int = 0
    loop_stall_s: int = 600
    loop_exit_s: int = 1200
    probation_s: int = 0
    gas_price_wei: int = 0
    strategy_lines: str = ""
    """Further lines of the strategy's table, and of the limits'."""
    limits_lines: str = ""

    def toml(self) -> str:
        """The text. No input is too old and no stall too long: how fast a test machine is must not decide anything."""
        span = "".join(f"{key} = {at}\n" for key, at in (("start", self.start), ("end", self.end)) if at is not None)
        return f"""
[web]
enabled = {str(self.web).lower()}
port = {self.port}

[collectors.day]
kind = "recorded"
logs = ["{self.logs}"]
pools = "{self.pools}"
speed = {self.speed}
at_end = "{self.at_end}"
{span}
[strategies.flash_arbitrage]
evaluate = "{self.evaluate}"
base_tokens = ["{USDC}", "{WETH}"]
{self.strategy_lines}

[costs]
gas_price_wei = {self.gas_price_wei}
gas_units = 250_000

[execution]
latency = {self.latency}

[limits]
max_input_age_s = 10_000_000
max_signal_age_s = 86_400
{self.limits_lines}
loop_stall_s = {self.loop_stall_s}
loop_exit_s = {self.loop_exit_s}

[breakers]
max_loop_lag_ms = 600_000

[halting]
probation_s = {self.probation_s}
"""

    def write(self, folder: Path) -> Path:
        """The configuration's file in `folder`."""
        path = folder / "config.toml"
        path.write_text(self.toml())
        return path
