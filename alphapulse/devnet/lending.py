"""Aave V3 on a devnet: its genuine pool with its seven libraries, and a few reserves that can be lent.

Only what a loan within one transaction needs: no proxies, no oracle, nobody borrows. The configurator is an account.
"""

from __future__ import annotations

from collections.abc import Mapping

from alphapulse.devnet.call_data import Call, arguments_of, call
from alphapulse.devnet.deployment import Placement
from alphapulse.devnet.moves import DevToken
from alphapulse.devnet.packages import LIBRARIES, Packages

RESERVES = ("USDC.e", "USDC", "WETH", "WPOL")
PREMIUM_BPS = 5
"""What a loan costs, in 1/10,000: as on Polygon. The pool calls it FLASHLOAN_PREMIUM_TOTAL."""
POOL, PROVIDER, RATES = "Aave pool", "Aave addresses provider", "Aave rates"
DEBTS = ("Aave stable debt", "Aave variable debt")
"""One of each for all reserves: nobody owes anything."""
PLACED = (POOL, PROVIDER, RATES, *DEBTS, *(f"Aave {name}" for name in (*LIBRARIES, *RESERVES)))
"""What stands somewhere; a reserve's name is that of its receipt token, which holds what can be lent."""
RAY = 10**27
OPTIMAL_USAGE = RAY * 9 // 10
DECIMALS_BIT, ACTIVE_BIT, LOANS_BIT = 48, 56, 63
"""Where a reserve's settings stand in its bitmap."""


def foundations(packages: Packages, places: Mapping[str, str], owner: str) -> list[Placement]:
    """Libraries, pool and what it asks: to be placed first."""
    libraries = {name: places[f"Aave {name}"] for name in LIBRARIES}
    found = [Placement(at, packages.creation_code(f"Aave {name}", libraries)) for name, at in libraries.items()]
    rates = (OPTIMAL_USAGE, *[0] * 8)
    return [
        *found,
        Placement(
            places[PROVIDER], packages.creation_code(PROVIDER), arguments_of("string,address", "Aave devnet", owner)
        ),
        Placement(places[POOL], packages.creation_code(POOL, libraries), arguments_of("address", places[PROVIDER])),
        Placement(
            places[RATES],
            packages.creation_code(RATES),
            arguments_of(",".join(["address", *["uint256"] * 9]), places[PROVIDER], *rates),
        ),
    ]


def receipts(packages: Packages, places: Mapping[str, str]) -> list[Placement]:
    """The tokens of debt and of what is supplied: their constructors ask the pool, which must stand already."""
    pool = arguments_of("address", places[POOL])
    supplied = packages.creation_code("Aave receipt token")
    return [
        *(Placement(places[name], packages.creation_code(name), pool) for name in DEBTS),
        *(Placement(places[f"Aave {symbol}"], supplied, pool) for symbol in RESERVES),
    ]


def openings(places: Mapping[str, str], tokens: Mapping[str, DevToken], owner: str) -> list[Call]:
    """What the owner does to open the market: he is its configurator."""
    pool = places[POOL]
    calls = [
        call(places[PROVIDER], "setAddress(bytes32,address)", b"POOL_CONFIGURATOR".ljust(32, b"\0"), owner),
        call(pool, "initialize(address)", places[PROVIDER]),
        call(pool, "updateFlashloanPremiums(uint128,uint128)", PREMIUM_BPS, 0),
    ]
    for token in (tokens[symbol] for symbol in RESERVES):
        receipt = places[f"Aave {token.symbol}"]
        names = (f"Aave {token.symbol}", f"a{token.symbol}", b"")
        settings = token.decimals << DECIMALS_BIT | 1 << ACTIVE_BIT | 1 << LOANS_BIT
        parties = (token.address, receipt, *(places[name] for name in DEBTS), places[RATES])
        calls += [
            call(
                receipt,
                "initialize(address,address,address,address,uint8,string,string,bytes)",
                *(pool, owner, token.address, "0x" + bytes(20).hex(), token.decimals, *names),
            ),
            call(pool, "initReserve(address,address,address,address,address)", *parties),
            call(pool, "setConfiguration(address,(uint256))", token.address, (settings,)),
        ]
    return calls


def supply(places: Mapping[str, str], token: DevToken, amount: int, supplier: str) -> list[Call]:
    """What a supplier does: approve, and lend `amount` raw units to the pool."""
    pool = places[POOL]
    return [
        call(token.address, "approve(address,uint256)", pool, amount),
        call(pool, "supply(address,uint256,address,uint16)", token.address, amount, supplier, 0),
    ]
