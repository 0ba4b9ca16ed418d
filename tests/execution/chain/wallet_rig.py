"""A sender with a key, a journal on a small disk, nodes of a model chain, and a gate that a test opens and closes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import trio
from trio.testing import wait_all_tasks_blocked

from alphapulse.connections.routes.route import PublicRoute, Route
from alphapulse.data.transactions import Purpose, TransactionSigned, TransactionState, TransactionStatus
from alphapulse.execution.chain.sender import Sender
from alphapulse.execution.chain.transaction_plan import SenderTerms, TransactionPlan
from alphapulse.journal.journal import Journal
from alphapulse.relays.bus import Bus
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction
from alphapulse.rules.transactions.fees import FeeTerms
from alphapulse.rules.transactions.transaction_books import TransactionBooks
from alphapulse.signing.signer import SignerKind
from alphapulse.signing.signing_key import SigningKey
from tests.connections.model_nodes import CHAIN_ID, ModelTransport, pool_of
from tests.execution.chain.wallet_chain import GWEI, WalletChain, WalletNode
from tests.execution.execution_fakes import Disk, open_journal, records

KEY = SigningKey(bytes(31) + b"\x07")
EXECUTOR = bytes.fromhex("ee" * 20)
FEES = FeeTerms(tip_floor_wei=30 * GWEI, tip_cap_wei=300 * GWEI, cap_wei=1_000 * GWEI)
EPOCH = 3


class KeySigner:
    """Signs whatever it is asked for, when it may go on; or raises."""

    kind = SignerKind.KEYSTORE
    address = KEY.address

    def __init__(self) -> None:
        self.signed: list[tuple[DynamicFeeTransaction, int]] = []
        self.error: Exception | None = None
        self.wait = trio.Event()
        self.wait.set()

    async def sign(self, transaction: DynamicFeeTransaction, *, halt_epoch: int) -> SignedTransaction:
        await trio.lowlevel.checkpoint()
        await self.wait.wait()
        if self.error is not None:
            raise self.error
        self.signed.append((transaction, halt_epoch))
        return KEY.sign(transaction)


@attrs.define
class Gate:
    """Open for one epoch, or for none."""

    epoch: int = EPOCH
    is_open: bool = True

    def allows(self, epoch: int) -> bool:
        return self.is_open and epoch == self.epoch


@attrs.define
class WalletRig:
    """What a test of the sender touches."""

    chain: WalletChain
    nodes: list[WalletNode]
    gate: Gate
    signer: KeySigner
    disk: Disk
    journal: Journal
    bus: Bus
    sender: Sender
    told: list[TransactionStatus]
    foreign: list[str]
    started_s: float
    closed_at: int = 0
    """How much was signed when a test closed the gate."""
    kept: list[object] = attrs.field(factory=list)

    async def settle(self) -> None:
        """Let everybody come to rest."""
        for _ in range(3):
            await wait_all_tasks_blocked()

    async def hear(self, settled: int | None = None) -> None:
        """The market data tell of the newest block."""
        self.bus.market_data.publish([self.chain.head_event(settled)])
        await self.settle()

    async def block(self, settled: int | None = None, *, empty: bool = False) -> None:
        """The next block, two seconds later."""
        await trio.sleep(2)
        self.chain.mine(empty=empty)
        await self.hear(settled)

    def plan(self, intent_id: int = 1, **changes: Any) -> TransactionPlan:
        plain = TransactionPlan(intent_id, Purpose.TRADE, EXECUTOR, b"go", 400_000, 30 * GWEI, 200 * GWEI, EPOCH, 110)
        return attrs.evolve(plain, **changes)

    def history(self) -> list[tuple[float, int, str]]:
        """When which number came to which state, as it was told."""
        return [
            (one.changed_ns / 10**9 - self.started_s, one.nonce, one.state.name)
            for one in self.told
            if one.state is not TransactionState.SIGNED
        ]

    def states(self) -> list[tuple[int, str, str]]:
        """Number, purpose and state of what is open."""
        return [(one.nonce, one.signed.purpose.name, one.state.name) for one in self.sender.open]

    def journalled(self) -> list[object]:
        return records(self.journal)

    def written(self) -> list[object]:
        """The same, when the journal is closed already."""
        return self.kept

    @property
    def sent(self) -> list[bytes]:
        """What the first node was sent, each time."""
        return self.nodes[0].received


def steady_wall_ns() -> int:
    return int(trio.current_time() * 10**9)


@asynccontextmanager
async def open_wallet(
    folder: Path,
    *,
    chain: WalletChain | None = None,
    labels: Sequence[str] = ("one", "two", "three"),
    found: Iterable[object] = (),
    gate: Gate | None = None,
    route: Route | None = None,
    transport: ModelTransport | None = None,
    start: bool = True,
    most_unmined: int = 4,
    requests_per_s: int = 1_000,
    fees: FeeTerms = FEES,
) -> AsyncIterator[WalletRig]:
    """A running sender. `found` are the journal's messages of a life before."""
    chain = chain or WalletChain(KEY.address)
    nodes = chain.nodes or [WalletNode(label, chain) for label in labels]
    books = TransactionBooks()
    for message in found:
        books.take(message)
    bus, disk, gate, signer = Bus(), Disk(), gate or Gate(), KeySigner()
    told: list[TransactionStatus] = []
    foreign: list[str] = []
    pool = pool_of(*nodes, transport=transport, requests_per_s=requests_per_s)
    async with open_journal(folder, disk) as journal, trio.open_nursery() as nursery:
        sender = Sender(
            SenderTerms(chain_id=CHAIN_ID, fees=fees, most_unmined=most_unmined),
            signer,
            pool,
            route or PublicRoute(pool),
            books.of(CHAIN_ID, KEY.address),
            journal,
            bus.market_data,
            bus.execution,
            epoch=lambda: gate.epoch,
            gate_open=gate.allows,
            on_status=told.extend,
            on_foreign_use=foreign.append,
            run=lambda: 1,
            now_ns=steady_wall_ns,
        )
        rig = WalletRig(
            chain, nodes, gate, signer, disk, journal, bus, sender, told, foreign, started_s=trio.current_time()
        )
        await nursery.start(pool.run)
        if start:
            await nursery.start(sender.run)
            await rig.hear()
        try:
            yield rig
        finally:
            rig.kept = rig.journalled()
        nursery.cancel_scope.cancel("the test is over")


def signed_of(rig: WalletRig) -> list[TransactionSigned]:
    return [record for record in rig.journalled() if isinstance(record, TransactionSigned)]
