"""Where the contracts of a devnet stand: at their addresses on Polygon, or all of them somewhere else."""

from __future__ import annotations

import hashlib

PLACES: dict[str, str] = {
    "Aave addresses provider": "0xa97684ead0e402dC232d5A977953DF7ECBaB3CDb",
    "Aave pool": "0x794a61358D6845594F94dc1DB02A252b5b4814aD",
    "Aave USDC": "0xA4D94019934D8333Ef880ABFFbF2FDd611C762BD",
    "Aave USDC.e": "0x625E7708f30cA75bfd92586e17077590C60eb4cD",
    "Aave WETH": "0xe50fA9b3c56FfB159cB0FCA61F5c9D750e8128c8",
    "Aave WPOL": "0x6d80113e533a2C0fe82EaBD35f1875DcEA89Ea97",
    "Algebra deployer": "0x2D98E2FA9da15aa6dC9581AB097Ced7af697CB92",
    "Algebra factory": "0x411b0fAcC3489691f28ad58c47006AF5E3Ab3A28",
    "Balancer authorizer": "0xA331D84eC860Bf466b4CdCcFb4aC09a1B43F3aE6",
    "Balancer vault": "0xBA12222222228d8Ba445958a75a0704d566BF2C8",
    "Multicall3": "0xcA11bde05977b3631167028862bE2a173976CA11",
    "QuickSwap factory": "0x5757371414417b8C6CAad45bAeF941aBc7d3Ab32",
    "QuickSwap router": "0xa5E0829CaCEd8fFDD4De3c43696c57F7D7A678ff",
    "SushiSwap factory": "0xc35DADB65012eC5796536bD9864eD8773aBc74C4",
    "SushiSwap router": "0x1b02dA8Cb0d097eB8D57A175b88c7D8b47997506",
    "Uniswap V3 factory": "0x1F98431c8aD98523631AE4a59f267346ea31F984",
    "Uniswap V3 quoter": "0x61fFE014bA17989E743c5F6cB21bF9697530B21e",
    "Uniswap V3 router": "0xE592427A0AEce92De3Edee1F18E0157C05861564",
    "Uniswap V3 tick lens": "0xbfd8137f7d1516D3ea5cA83523914859ec47F573",
    "pool hand": "0x000000000000000000000000000000000000A1fA",
    "impostor": "0x0000000000000000000000000000000000000bad",
    "WPOL": "0x0d500B1d8E8eF31E21C99d1Db9A6444d3ADf1270",
    "USDC.e": "0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174",
    "USDC": "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359",
    "USDT": "0xc2132D05D31c914a87C6611C10748AEb04B58e8F",
    "WETH": "0x7ceB23fD6bC0adD59E62ac25578270cFf1b9f619",
    "WBTC": "0x1BFD67037B42Cf73acF2047067bd4F2C47D9BfD6",
    "DAI": "0x8f3Cf7ad23Cd3CaDbD9735AFf958023239c6A063",
}
"""Contracts and tokens at their places on Polygon; what the devnet adds of its own has places that nobody else has."""


def place(name: str, world: int) -> str:
    """Where a contract stands in a world: 0 is Polygon's, any other number moves everything elsewhere."""
    if world == 0 and name in PLACES:
        return PLACES[name]
    return "0x" + hashlib.blake2b(f"{world} {name}".encode(), digest_size=20).hexdigest()
