"""From an intent to the path that the executor contract runs: legs, funding, minima, deadline. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from alphapulse.data.execution import OrderRequest
from alphapulse.data.instruments import ZERO_ADDRESS, InstrumentId
from alphapulse.data.pools import Pool
from alphapulse.data.signals import Leg
from alphapulse.errors import PathRefused
from alphapulse.rules.arbitrage.flash_loan import LoanSource
from alphapulse.rules.evm.executor_kinds import EXECUTOR_KINDS
from alphapulse.rules.evm.executor_path import ExecutorPath, Funding, LegKind, PathLeg
from alphapulse.rules.evm.keccak import keccak256

EXECUTE = keccak256(b"execute(bytes)")[:4]
WORD = 32

FUNDING: Mapping[LoanSource, Funding] = {
    LoanSource.STATED: Funding.STOCK,
    LoanSource.SWAP: Funding.FIRST_POOL,
    LoanSource.BALANCER: Funding.BALANCER,
    LoanSource.AAVE: Funding.AAVE,
}
"""Who provides the first amount. The loan of a pool beside the path is none that the contract can take."""


@attrs.frozen
class FundingTerms:
    """Whose money the first leg sells: the strategy's `flash_loan`, and the lender where there is one."""

    source: LoanSource
    lender: bytes | None = None

    def funding(self) -> tuple[Funding, bytes]:
        """How the contract is told of it.

        Raises:
            PathRefused: the contract has no such way, or its lender is not known.
        """
        funding = FUNDING.get(self.source)
        if funding is None:
            known = ", ".join(source.value for source in FUNDING)
            raise PathRefused("funding", f"expected one of the loans {known}, found {self.source.value}")
        if funding not in (Funding.BALANCER, Funding.AAVE):
            return funding, ZERO_ADDRESS
        if self.lender is None:
            raise PathRefused("lender", f"expected the address of the lender of {self.source.value}, found none")
        return funding, self.lender


def plan_path(
    intent: OrderRequest,
    pools: Mapping[InstrumentId, Pool],
    terms: FundingTerms,
    *,
    least_profit: int,
    deadline_block: int,
) -> ExecutorPath:
    """What the contract is told, so that it pays at least `least_profit` raw profit token to its owner, or is undone.

    `least_profit` counts behind the lender's fee; `profit_floor` has the one that the intent asks for.

    Raises:
        PathRefused: the contract cannot run the path; nothing was signed.
    """
    funding, lender = terms.funding()
    if funding is Funding.STOCK and intent.flash_fee:
        raise PathRefused("lender", f"expected no fee without a lender, found {intent.flash_fee} raw units")
    if len({leg.pool for leg in intent.legs}) < len(intent.legs):
        raise PathRefused("pool_twice", "expected each pool once in a path, found one twice: its events say no leg")
    owed = intent.size + intent.flash_fee + least_profit
    try:
        path = ExecutorPath(
            funding=funding,
            deadline=deadline_block,
            least_profit=least_profit,
            amount_in=intent.size,
            base=intent.profit_token,
            legs=tuple(_leg(leg, pools, least) for leg, least in zip(intent.legs, minima(intent, owed), strict=True)),
            lender=lender,
        )
        path.packed()
    except ValueError as error:
        if isinstance(error, PathRefused):
            raise
        raise PathRefused("unpackable", str(error)) from error
    return path


def call_data(path: ExecutorPath) -> bytes:
    """What a transaction to the contract carries: the call of `execute` with the packed path."""
    packed = path.packed()
    return b"".join(
        (EXECUTE, WORD.to_bytes(WORD, "big"), len(packed).to_bytes(WORD, "big"), packed, bytes(-len(packed) % WORD))
    )


def minima(intent: OrderRequest, owed: int) -> tuple[int, ...]:
    """The least that each leg may bring so that the path still brings back `owed`, in raw units of its token out.

    The last leg's is `owed` itself. The others are cut in the same proportion, rounded down: pools pay less for each
    further unit, so where the later pools stand as they were seen, a leg that brings so much lets them bring `owed`.
    """
    back = intent.legs[-1].amount_out
    if owed >= back:
        return (*(leg.amount_out for leg in intent.legs[:-1]), owed)
    return (*(leg.amount_out * owed // back for leg in intent.legs[:-1]), owed)


def _leg(leg: Leg, pools: Mapping[InstrumentId, Pool], least_out: int) -> PathLeg:
    pool = pools.get(leg.pool)
    if pool is None:
        raise PathRefused("unknown_pool", f"expected a pool that is followed, found {leg.pool.name}")
    kind = EXECUTOR_KINDS.get(pool.kind)
    if kind is None:
        raise PathRefused("kind", f"expected a kind that the contract can swap in, found {pool.name}: {pool.kind.name}")
    if {leg.token_in, leg.token_out} != set(pool.pair):
        raise PathRefused("tokens", f"expected the two tokens of {pool.name}, found others")
    return PathLeg(
        pool=leg.pool.body,
        kind=kind,
        zero_for_one=leg.token_in == pool.token0.address,
        fee_ppm=pool.fixed_fee_ppm if kind is LegKind.V2 else 0,
        least_out=least_out,
        token_out=leg.token_out,
    )
