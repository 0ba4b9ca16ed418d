"""What must be true of every trial: chain, node in front and journal must not contradict each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import attrs

from alphapulse.data.transactions import Purpose
from alphapulse.devnet.call_data import call, returned
from alphapulse.rules.evm.executor_path import Funding
from tests.prove_execution.books import Books
from tests.prove_execution.front import Arrival
from tests.prove_execution.oracle import Chance, Cycle, Moment, cycles
from tests.prove_execution.rig import Rig, balances
from tests.prove_execution.settings import BASES, FLOORS

HEADER, LEG = 81, 60
GAS_UNITS = 450_000
"""More than any path of three pools uses."""
TIP_WEI = 30_000_000_000
PLAIN = 2
"""A gap is plain if it pays so many times what it must."""


@attrs.frozen
class SentPath:
    """A trade as it was sent."""

    cycle: Cycle
    size: int


async def judge_books(rig: Rig) -> list[str]:
    """Balances and books agree to the wei, and every transaction is known to all three."""
    arrivals = tuple(rig.front.arrivals)  # before the books: what comes later need not be in them
    books = rig.books()
    return [
        *books.broken,
        *[f"the books of {one.wallet.hex()} differ at {one.block_number}: {one}" for one in books.audits
          if one.books != one.chain],
        *await _balances(rig, books),
        *await _chain(rig, books, arrivals),
        *_journalled(rig, books, arrivals),
    ]  # fmt: skip


async def _balances(rig: Rig, books: Books) -> list[str]:
    held = await balances(rig)
    broken = []
    for address, amount in held.items():
        expected = books.gas_wei if address == "" else books.earned()[address]
        if amount != expected:
            what = f"token {address}" if address else "coins spent"
            broken.append(f"{what}: the chain says {amount}, the journal {expected} (differs by {amount - expected})")
    if books.unbooked_gas_wei:
        broken.append(f"gas: transactions of trades cost {books.unbooked_gas_wei} wei more than trades have booked")
    for token in rig.world.tokens.values():
        left = await rig.world.rpc.read(call(token.address, "balanceOf(address)", rig.wallet.executor))
        if returned("uint256", left) != (0,):
            broken.append(f"the executor holds {token.symbol}")
    return broken


async def _chain(rig: Rig, books: Books, arrivals: Sequence[Arrival]) -> list[str]:
    """Every number of the wallet's was mined once, in a transaction that the journal knows; no trade twice."""
    broken = []
    carried: Counter[int] = Counter()
    mined = 0
    hashes = list({one.signed.hash for one in arrivals} | books.signed.keys())
    receipts = await rig.world.rpc.ask_all([("eth_getTransactionReceipt", ["0x" + one.hex()]) for one in hashes])
    for tx_hash, receipt in zip(hashes, receipts, strict=True):
        if receipt is None:
            continue
        mined += 1
        if tx_hash not in books.signed:
            broken.append(f"the journal does not know 0x{tx_hash.hex()}, which is mined")
        intent = books.intent_of(tx_hash)
        if intent is not None and receipt["status"] == "0x1":
            carried[intent] += 1
    broken += [f"intent {intent} was carried out {times} times" for intent, times in carried.items() if times > 1]
    deployed = 1
    if (found := await rig.nonce() - deployed) != mined:
        broken.append(f"the chain has {found} transactions of the wallet, of which {mined} are known")
    return broken


def _journalled(rig: Rig, books: Books, arrivals: Sequence[Arrival]) -> Iterator[str]:
    """What came to the node was in the journal before."""
    for one in arrivals:
        signed = books.signed.get(one.signed.hash)
        if one.sender == rig.wallet.address and signed is None:
            yield f"0x{one.signed.hash.hex()} was sent and is not in the journal"
        elif signed is not None and signed.signed_ns > one.at_ns:
            yield f"0x{one.signed.hash.hex()} came {one.at_ns - signed.signed_ns} ns after it was signed"


def losing(rig: Rig) -> Iterator[str]:
    """Trades that would have lost where they were sent.

    That is at the end of the block that was the newest one then, or the one before, behind what was sent there before.
    """
    books, behind = rig.books(), dict[int, list[SentPath]]()
    for one in rig.front.arrivals:
        signed = books.signed.get(one.signed.hash)
        if signed is None or signed.purpose is not Purpose.TRADE:
            continue
        sent = _read_path(rig, one)
        before = behind.setdefault(one.head, [])
        seen = [rig.moments[number] for number in (one.head, one.head - 1) if number in rig.moments]
        places = [place for moment in seen for place in (moment, _behind(moment, before))]
        if places and not any(_net(rig, place, sent) > 0 for place in places):
            yield f"intent {signed.intent_id}, sent at block {one.head}, would have lost: {sent.cycle}, {sent.size}"
        before.append(sent)


def _behind(moment: Moment, before: Sequence[SentPath]) -> Moment:
    """The state behind what was sent before, in this order."""
    for sent in before:
        moment = moment.behind(sent.cycle, sent.size)
    return moment


def missed(rig: Rig, blocks: Sequence[int]) -> Iterator[str]:
    """Gaps that were plain at the ends of three blocks in a row, though nothing was sent through their pools."""
    every = list(cycles(tuple(rig.world.pools.values()), [rig.world.tokens[name] for name in BASES], 3))
    used: dict[int, set[str]] = defaultdict(set)
    for one in rig.front.arrivals:
        if one.signed.transaction.data:
            used[one.head].update(pool.name for pool in _read_path(rig, one).cycle.pools)
    standing: dict[Cycle, int] = defaultdict(int)
    for number in blocks:
        moment = rig.moments[number]
        found = {cycle: moment.best(cycle) for cycle in every}
        plain = {cycle: best for cycle, best in found.items() if best is not None and _is_plain(rig, moment, best)}
        for cycle in every:
            traded = any(pool.name in used[number] for pool in cycle.pools)
            standing[cycle] = standing[cycle] + 1 if cycle in plain and not traded else 0
            if standing[cycle] == 3:
                best = plain[cycle]
                yield f"stood open at blocks {number - 2} to {number}: {cycle}, {best.profit} for {best.size}"


def _is_plain(rig: Rig, moment: Moment, best: Chance) -> bool:
    token = best.cycle.base
    one: int = 10**token.decimals
    numerator, _, decimals = FLOORS[token.symbol].partition(".")
    parts: int = 10 ** len(decimals)
    floor = int(numerator + decimals) * one // parts
    return best.profit > PLAIN * (floor + _gas_cost(rig, moment, best.cycle))


def _gas_cost(rig: Rig, moment: Moment, cycle: Cycle) -> int:
    """What gas costs at most, in raw units of the base token, at the devnet's fair prices."""
    coin = rig.world.tokens["WPOL"]
    wei = GAS_UNITS * (moment.base_fee_wei + TIP_WEI)
    one: int = 10**cycle.base.decimals
    coin_one: int = 10**coin.decimals
    return wei * rig.market.fair_q8[coin.symbol] * one // (rig.market.fair_q8[cycle.base.symbol] * coin_one)


def _net(rig: Rig, moment: Moment, sent: SentPath) -> int:
    """What a path pays behind its gas, which is counted at a third of what it may cost at most."""
    back = moment.paid_back(sent.cycle, sent.size)
    return -1 if back is None else back - sent.size - _gas_cost(rig, moment, sent.cycle) // 3


def _read_path(rig: Rig, one: Arrival) -> SentPath:
    pools = {pool.address.lower(): pool for pool in rig.world.pools.values()}
    tokens = {token.address.lower(): token for token in rig.world.tokens.values()}
    (path,) = returned("bytes", one.signed.transaction.data[4:])
    if path[0] not in (Funding.FIRST_POOL, Funding.BALANCER):
        raise ValueError(f"expected a path without a fee for its loan, found funding {path[0]}")
    legs = [path[at : at + 20] for at in range(HEADER, len(path), LEG)]
    cycle = Cycle(tokens["0x" + path[41:61].hex()], tuple(pools["0x" + leg.hex()] for leg in legs))
    return SentPath(cycle, int.from_bytes(path[25:41], "big"))
