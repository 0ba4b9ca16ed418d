"""What the executor contract is told to do, packed as it reads it, and what it says when it refuses.

The form and the reasons are those of `contracts/executor.vy`.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import attrs

from alphapulse.data.instruments import ADDRESS_SIZE, ZERO_ADDRESS
from alphapulse.rules.evm.keccak import keccak256

MOST_LEGS = 8
WORD = 32
SELECTOR_SIZE = 4
TOKEN0_IS_SOLD = 1 << 7


class Funding(enum.IntEnum):
    """Who provides what the first leg sells."""

    STOCK = 0
    """The owner, who has allowed the contract to take exactly that."""
    FIRST_POOL = 1
    """The first leg's pool: it hands out before it is paid."""
    BALANCER = 2
    AAVE = 3


class LegKind(enum.IntEnum):
    """How a pool is called."""

    V2 = 1
    V3 = 2
    ALGEBRA = 3


@attrs.frozen
class PathLeg:
    """One swap. `fee_ppm` is the pool's own and counts for V2 alone; `least_out` is in raw units of `token_out`."""

    pool: bytes
    kind: LegKind
    zero_for_one: bool
    fee_ppm: int
    least_out: int
    token_out: bytes


@attrs.frozen
class ExecutorPath:
    """A path that begins and ends in `base`. Amounts are raw units of it; `deadline` is the last block that will do."""

    funding: Funding
    deadline: int
    least_profit: int
    amount_in: int
    base: bytes
    legs: Sequence[PathLeg]
    lender: bytes = ZERO_ADDRESS

    def packed(self) -> bytes:
        """The path as the contract reads it: 81 bytes, and 60 for each leg.

        Raises:
            ValueError: a leg too many or none, an address that is none, or a number that does not fit.
        """
        if not 1 <= len(self.legs) <= MOST_LEGS:
            raise ValueError(f"expected 1 to {MOST_LEGS} legs, found {len(self.legs)}")
        head = (
            _number(self.funding, 1),
            _number(self.deadline, 8),
            _number(self.least_profit, 16),
            _number(self.amount_in, 16),
            _address(self.base),
            _address(self.lender),
        )
        return b"".join((*head, *(_packed_leg(leg) for leg in self.legs)))


def _packed_leg(leg: PathLeg) -> bytes:
    flags = leg.kind | (TOKEN0_IS_SOLD if leg.zero_for_one else 0)
    return b"".join(
        (
            _address(leg.pool),
            _number(flags, 1),
            _number(leg.fee_ppm, 3),
            _number(leg.least_out, 16),
            _address(leg.token_out),
        )
    )


def _number(value: int, size: int) -> bytes:
    try:
        return value.to_bytes(size, "big")
    except OverflowError as error:
        raise ValueError(f"expected a number from 0 that fits {8 * size} bits, found {value}") from error


def _address(value: bytes) -> bytes:
    if len(value) != ADDRESS_SIZE:
        raise ValueError(f"expected an address of {ADDRESS_SIZE} bytes, found {len(value)}")
    return value


@attrs.frozen
class Refusal:
    """Why a transaction of the executor was undone: `name` is the reason, `values` its numbers by name.

    `name` is `Error` with the text under `text` where a pool or token says why, and `unknown` for any other data.
    """

    name: str
    values: dict[str, int | str]


REASONS: dict[str, tuple[tuple[str, str], ...]] = {
    "NotOwner": (),
    "BadPath": (("at", "uint256"),),
    "DeadlinePassed": (("block", "uint256"), ("deadline", "uint256")),
    "LegBelowMinimum": (("leg", "uint256"), ("received", "uint256"), ("least", "uint256")),
    "LegNotWhole": (("leg", "uint256"), ("owed", "int256"), ("offered", "uint256")),
    "StockTouched": (("token", "address"), ("before", "uint256"), ("after", "uint256")),
    "ForeignCallback": (("caller", "address"),),
    "NotFunded": (("awaited", "address"),),
    "TransferFailed": (("token", "address"),),
    "ProfitBelowFloor": (("left", "uint256"), ("needed", "uint256")),
    "Error": (("text", "string"),),
}
"""The contract's reasons, and Solidity's own for a `require` with words."""


def read_refusal(data: bytes) -> Refusal:
    """The reason in a transaction's return data."""
    name = _selectors().get(data[:SELECTOR_SIZE])
    body = data[SELECTOR_SIZE:]
    if name is None or len(body) < WORD * len(REASONS[name]):
        return Refusal("unknown", {"data": f"0x{data.hex()}"})
    return Refusal(
        name,
        {
            label: _value(kind, body[WORD * at : WORD * (at + 1)], body)
            for at, (label, kind) in enumerate(REASONS[name])
        },
    )


def _value(kind: str, word: bytes, body: bytes) -> int | str:
    if kind == "address":
        return f"0x{word[-ADDRESS_SIZE:].hex()}"
    if kind == "string":
        at = int.from_bytes(word, "big")
        size = int.from_bytes(body[at : at + WORD], "big")
        return body[at + WORD : at + WORD + size].decode("utf-8", "replace")
    return int.from_bytes(word, "big", signed=kind == "int256")


def _selectors() -> dict[bytes, str]:
    return {
        keccak256(f"{name}({','.join(kind for _, kind in values)})".encode())[:SELECTOR_SIZE]: name
        for name, values in REASONS.items()
    }
