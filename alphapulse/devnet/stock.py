"""What a devnet is made of: tokens, exchanges, pools, and how they begin."""

from __future__ import annotations

import enum

import attrs

PRICE_SCALE = 100_000_000
"""Prices are in 10^-8 dollars."""


class Family(enum.StrEnum):
    """Which contract a pool is."""

    V2 = "v2"
    V3 = "v3"
    ALGEBRA = "algebra"


@attrs.frozen
class TokenPlan:
    """A token to be. `code` names its contract; what an odd one is odd in stands in its arguments."""

    symbol: str
    decimals: int
    price_q8: int
    code: str = "ERC-20"
    types: str = ""
    arguments: tuple[object, ...] = ()
    shown: str | None = None
    """The symbol that the contract says, if another one."""


@attrs.frozen
class PoolPlan:
    """A pool to be: who makes it, of which tokens, with how much in it."""

    factory: str
    family: Family
    one: str
    other: str
    fee_ppm: int
    depth_dollars: int
    """What each side is worth over the whole range of prices."""
    spacing: int = 0

    @property
    def name(self) -> str:
        """Such as `QuickSwap WPOL/USDC.e`, with the fee where a factory has several."""
        fee = f" {self.fee_ppm}" if self.family is Family.V3 else ""
        return f"{self.factory} {self.one}/{self.other}{fee}"


TOKENS: tuple[TokenPlan, ...] = (
    TokenPlan("WPOL", 18, 50_000_000, "WETH9"),
    TokenPlan("USDC.e", 6, 100_000_000),
    TokenPlan("USDC", 6, 100_000_000),
    TokenPlan("USDT", 6, 100_000_000),
    TokenPlan("WETH", 18, 300_000_000_000),
    TokenPlan("WBTC", 8, 6_000_000_000_000),
    TokenPlan("DAI", 18, 100_000_000),
)
ODD_TOKENS: tuple[TokenPlan, ...] = (
    TokenPlan("TAXED", 18, 100_000_000, "odd_token", "string,string,uint256,uint256", ("Taxed", "TAXED", 18, 20_000)),
    TokenPlan("REBASE", 18, 100_000_000, "odd_token", "string,string,uint256,uint256", ("Rebase", "REBASE", 18, 0)),
    TokenPlan("HUGE", 18, 100_000_000, "odd_token", "string,string,uint256,uint256", ("Huge", "HUGE", 2**255, 0)),
    TokenPlan("TWIN", 6, 100_000_000, "odd_token", "string,string,uint256,uint256", ("Twin", "WETH", 6, 0), "WETH"),
    TokenPlan("SILENT", 6, 100_000_000, "silent_token", "bytes32,uint8", (b"SILENT".ljust(32, b"\0"), 6)),
    TokenPlan("NAMELESS", 18, 100_000_000, "nameless_token"),
    TokenPlan("FICKLE", 18, 100_000_000, "fickle_token"),
)
"""Tokens that must not be traded as if they were ordinary ones: a fee of 2% on transfer, balances that change by
themselves, absurd decimals, the symbol of another token, no return value, no decimals, decimals that change."""

QUICK, SUSHI, UNI, ALGEBRA = "QuickSwap", "SushiSwap", "Uniswap V3", "Algebra"
V2_FEE_PPM = 3_000
ALGEBRA_SPACING = 60

POOLS: tuple[PoolPlan, ...] = (
    PoolPlan(QUICK, Family.V2, "WPOL", "USDC.e", V2_FEE_PPM, 2_000_000),
    PoolPlan(QUICK, Family.V2, "USDC.e", "WETH", V2_FEE_PPM, 3_000_000),
    PoolPlan(QUICK, Family.V2, "WPOL", "WETH", V2_FEE_PPM, 1_500_000),
    PoolPlan(QUICK, Family.V2, "WBTC", "WETH", V2_FEE_PPM, 800_000),
    PoolPlan(SUSHI, Family.V2, "WPOL", "USDC.e", V2_FEE_PPM, 900_000),
    PoolPlan(SUSHI, Family.V2, "USDC.e", "WETH", V2_FEE_PPM, 1_200_000),
    PoolPlan(SUSHI, Family.V2, "WPOL", "WETH", V2_FEE_PPM, 600_000),
    PoolPlan(UNI, Family.V3, "USDC.e", "WETH", 500, 5_000_000, 10),
    PoolPlan(UNI, Family.V3, "USDC.e", "WETH", 3_000, 2_000_000, 60),
    PoolPlan(UNI, Family.V3, "WPOL", "USDC.e", 500, 2_500_000, 10),
    PoolPlan(UNI, Family.V3, "WPOL", "WETH", 500, 1_800_000, 10),
    PoolPlan(UNI, Family.V3, "WPOL", "WETH", 3_000, 900_000, 60),
    PoolPlan(UNI, Family.V3, "WBTC", "WETH", 500, 2_000_000, 10),
    PoolPlan(UNI, Family.V3, "USDC", "USDC.e", 100, 4_000_000, 1),
    PoolPlan(UNI, Family.V3, "WPOL", "WETH", 10_000, 300_000, 200),
    PoolPlan(ALGEBRA, Family.ALGEBRA, "WPOL", "USDC.e", 100, 1_500_000, ALGEBRA_SPACING),
    PoolPlan(ALGEBRA, Family.ALGEBRA, "USDC.e", "WETH", 100, 1_500_000, ALGEBRA_SPACING),
    PoolPlan(ALGEBRA, Family.ALGEBRA, "WPOL", "WETH", 100, 1_000_000, ALGEBRA_SPACING),
)
ODD_POOLS: tuple[PoolPlan, ...] = tuple(
    PoolPlan(QUICK, Family.V2, token.symbol, "WPOL", V2_FEE_PPM, 100_000) for token in ODD_TOKENS
)
"""One for each odd token: genuine pools of the factory, whose tokens must not be traded."""
