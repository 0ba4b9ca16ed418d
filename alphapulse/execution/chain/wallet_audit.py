"""Holds what wallets should have by the books against the chain, after every settled block that changed it."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import attrs
import msgspec
import trio

from alphapulse.data.risk import RiskAlert, Severity
from alphapulse.data.transactions import WalletAudit
from alphapulse.data.wire import SENTENCE
from alphapulse.errors import LogRefused, NodeError, RpcError
from alphapulse.execution.chain.asked_nodes import AskedNodes
from alphapulse.execution.chain.live_wallet import LiveWallet
from alphapulse.journal.journal import Journal
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.rules.events.hex_text import read_block_hash, read_block_number, read_quantity
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.execution.wallet_books import WalletBooks
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.safety.clipped import clipped

BALANCE_OF: Final = keccak256(b"balanceOf(address)")[:4].hex()
MAX_UINT256: Final = (1 << 256) - 1
AGAIN_S: Final = 1
ROUNDS: Final = 3
"""A difference that three looks in a row find is none of a record that is on its way."""
MOST_WAITING: Final = 1_024
"""Blocks that wait to be audited; the oldest are left out first, as a later one finds what they would have found."""

log = logging.getLogger(__name__)


class _Block(msgspec.Struct, frozen=True):
    number: str
    hash: str


@attrs.frozen
class Place:
    """A block."""

    number: int
    hash: bytes


class WalletAuditor:
    """A service. It looks at an account first when it begins, and at those that trades have changed behind each block.

    What was read when a transaction was mined counts once its block is settled, so that no node must keep old states.
    While the chain has used numbers up of which no receipt is told, the books are not whole, and a difference is none:
    the block of that receipt is audited once it is there.
    `tokens` are those in which wallets earn. `on_difference` is told of an account that is not as the books say.
    """

    def __init__(
        self,
        nodes: AskedNodes,
        books: WalletBooks,
        wallets: Sequence[LiveWallet],
        tokens: Iterable[bytes],
        journal: Journal,
        execution: AnyRelay,
        *,
        run_number: Callable[[], int],
        now_ns: Callable[[], int],
        on_difference: Callable[[str], object],
    ) -> None:
        self._nodes = nodes
        self._books = books
        self._wallets = wallets
        self._tokens = tuple(tokens)
        self._journal = journal
        self._execution = execution
        self._run_number = run_number
        self._now_ns = now_ns
        self._on_difference = on_difference
        self._due: deque[tuple[LiveWallet, Place, bool]] = deque(maxlen=MOST_WAITING)
        self._read: dict[tuple[bytes, bytes], dict[bytes | None, int]] = {}
        self._wanted = trio.Event()

    def mined(self, wallet: LiveWallet, number: int, block_hash: bytes) -> None:
        """A transaction of the wallet stands in that block: what it has there is read while nodes still know."""
        self._want(wallet, Place(number, block_hash), final=False)

    def settled(self, wallet: LiveWallet, number: int, block_hash: bytes) -> None:
        """That block is final: the wallet must have there what the books say."""
        self._want(wallet, Place(number, block_hash), final=True)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        task_status.started()
        is_open = False
        while True:
            if not is_open:
                is_open = await self._open_accounts()
            with trio.move_on_after(math.inf if is_open else AGAIN_S):
                await self._wanted.wait()
            self._wanted = trio.Event()
            while self._due and is_open:
                wallet, place, final = self._due.popleft()
                if final:
                    await self._audit(wallet, place)
                else:
                    await self._keep(wallet, place)

    def _want(self, wallet: LiveWallet, place: Place, *, final: bool) -> None:
        if (wallet, place, final) not in self._due:
            self._due.append((wallet, place, final))
            self._wanted.set()

    async def _open_accounts(self) -> bool:
        """Look at accounts that were never looked at; False if nobody answers."""
        for wallet in self._wallets:
            new = [token for token in (None, *self._tokens) if not self._books.knows((wallet.address, token))]
            place = await self._newest()
            found = None if place is None else await self._balances(wallet, place, new)
            if place is None or found is None:
                return False
            self._tell([self._record(wallet, place, token, amount, amount) for token, amount in found.items()])
        return True

    async def _keep(self, wallet: LiveWallet, place: Place) -> None:
        tokens = self._books.touched(wallet.address, place.number)
        found = await self._balances(wallet, place, (*tokens, *self._tokens))
        if found is not None:
            self._read[wallet.address, place.hash] = found
            while len(self._read) > MOST_WAITING:
                del self._read[next(iter(self._read))]

    async def _audit(self, wallet: LiveWallet, place: Place) -> None:
        """Compare the accounts that trades have changed; what differs three times is told."""
        records = await self._compare(wallet, place)
        for _ in range(ROUNDS - 1):
            if all(record.books == record.chain for record in records):
                break
            await trio.sleep(AGAIN_S)
            # A node may have told the state of the next block, if it was just being made.
            again = await self._balances(wallet, place, [record.token for record in records])
            self._read.setdefault((wallet.address, place.hash), {}).update(again or {})
            records = await self._compare(wallet, place)
        self._read.pop((wallet.address, place.hash), None)
        different = [record for record in records if record.books != record.chain]
        if different and (untold := wallet.book.overtaken(wallet.book.mined or 0)):
            text = "block %d of wallet %s is audited later: no node has told what became of its numbers %s"
            log.warning(text, place.number, wallet.name, untold)
            return
        self._tell(records)
        for record in different:
            self._alarm(wallet, record)

    async def _compare(self, wallet: LiveWallet, place: Place) -> list[WalletAudit]:
        """The accounts beside the chain, as far as a node tells what there was at that block.

        An account that was never looked at begins with what is there.
        """
        tokens = self._books.touched(wallet.address, place.number)
        found = self._read.get((wallet.address, place.hash), {})
        missing = [token for token in tokens if token not in found]
        more = await self._balances(wallet, place, missing) if missing else {}
        if more is None:
            log.warning("block %d of wallet %s could not be audited: no node knows it", place.number, wallet.name)
            return []
        found = found | more
        records = []
        for token in tokens:
            books = self._books.amount((wallet.address, token), place.number)
            if books is None and self._books.knows((wallet.address, token)):
                continue  # it was looked at later than that
            records.append(self._record(wallet, place, token, found[token] if books is None else books, found[token]))
        return records

    def _alarm(self, wallet: LiveWallet, record: WalletAudit) -> None:
        what = "the coin" if record.token is None else f"0x{record.token.hex()}"
        text = (
            f"wallet {wallet.name} has {record.chain} of {what} at block {record.block_number}, and {record.books} by "
            "the books: find out who moved it before you resume"
        )
        log.error(text)
        self._tell(
            [
                RiskAlert(
                    severity=Severity.CRITICAL,
                    scope="global",
                    rule="ledger equals chain",
                    value=record.chain,
                    limit=record.books,
                    unit="wei" if record.token is None else "raw token",
                    text=clipped(text, SENTENCE.limit),
                    raised_ns=self._now_ns(),
                )
            ]
        )
        self._on_difference(text)

    def _record(self, wallet: LiveWallet, place: Place, token: bytes | None, books: int, chain: int) -> WalletAudit:
        return WalletAudit(
            run=self._run_number(),
            wallet=wallet.address,
            chain_id=wallet.chain_id,
            token=token,
            block_number=place.number,
            block_hash=place.hash,
            books=books,
            chain=chain,
            audited_ns=self._now_ns(),
        )

    def _tell(self, records: Sequence[object]) -> None:
        if records and self._journal.failure is None:
            self._journal.append_now(records)
        self._execution.publish(records)

    async def _newest(self) -> Place | None:
        call = RpcCall("eth_getBlockByNumber", ("latest", False), _Block)
        try:
            (found,) = await self._nodes.batch([call])
            if isinstance(found, RpcError):
                return None
            return Place(read_block_number(found.number), read_block_hash(found.hash))
        except (NodeError, LogRefused) as error:
            log.warning("wallets could not be looked at: %s", error)
            return None

    async def _balances(
        self, wallet: LiveWallet, place: Place, tokens: Iterable[bytes | None]
    ) -> dict[bytes | None, int] | None:
        """What the wallet has at the end of a block; None if a node does not say all of it."""
        wanted = tuple(dict.fromkeys(tokens))
        try:
            answers = await self._nodes.batch(
                [_balance(wallet.address, token).at_block(place.hash) for token in wanted]
            )
            amounts = [_amount(answer) for answer in answers]
        except (NodeError, LogRefused) as error:
            log.warning("wallet %s could not be looked at: %s", wallet.name, error)
            return None
        if None in amounts:
            return None
        found = {token: amount for token, amount in zip(wanted, amounts, strict=True) if amount is not None}
        if None in found and place.number >= (wallet.as_of_block or 0):
            wallet.balance_wei, wallet.as_of_block = found[None], place.number
        return found


def _balance(wallet: bytes, token: bytes | None) -> RpcCall:
    if token is None:
        return RpcCall("eth_getBalance", (f"0x{wallet.hex()}",), str)
    call = {"to": f"0x{token.hex()}", "data": f"0x{BALANCE_OF}{wallet.hex():0>64}"}
    return RpcCall("eth_call", (call,), str)


def _amount(answer: object) -> int | None:
    if not isinstance(answer, str):
        log.warning("a balance could not be read: %s", answer)
        return None
    return read_quantity(answer, MAX_UINT256, "a balance")
