"""Trades on a real chain that are undone, each for another reason, and what is made of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import msgspec
import trio

from alphapulse.connections.node_pool import NodePool
from alphapulse.data.execution import Mode, OrderRequest
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.log_stamp import BLOCK_END
from alphapulse.data.signals import Leg
from alphapulse.data.transactions import FailureFinding, Purpose, TransactionSigned
from alphapulse.devnet.executors import deploy_executor
from alphapulse.devnet.moves import DevPool
from alphapulse.devnet.rpc import hex_of
from alphapulse.devnet.stock import Family
from alphapulse.devnet.world import World
from alphapulse.execution.chain.forensics import Forensics
from alphapulse.relays.bus import Bus
from alphapulse.rules.evm.executor_path import ExecutorPath, Funding, LegKind, PathLeg
from alphapulse.rules.evm.transaction import DynamicFeeTransaction
from alphapulse.rules.execution.path_planning import call_data
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.transactions.receipt import Receipt, RpcReceipt, read_receipt
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.signing.signing_key import SigningKey
from tests.chain.test_nodes import pool_of
from tests.chain.truth import read_truth
from tests.chain.worlds import open_test_world
from tests.contracts.executor_rig import KINDS, predicted, raw, state_of
from tests.execution.execution_fakes import open_journal

KEY = SigningKey(bytes(31) + b"\x09")
GWEI = 10**9
FAR = 10**6


@attrs.frozen
class Attempt:
    """A trade that was sent: what was meant, and the signed bytes."""

    intent: OrderRequest
    record: TransactionRecord


@attrs.define
class Tracing:
    """The nodes, of which a test says whether they keep traces."""

    pool: NodePool
    kept: bool = True

    async def batch(self, calls: Sequence[RpcCall], /) -> list[Any]:
        """The answers."""
        if self.kept:
            return await self.pool.batch(calls)
        named = [attrs.evolve(one, method=one.method.replace("debug_", "missing_")) for one in calls]
        return await self.pool.batch(named)


@attrs.define
class ForensicsRig:
    """A chain with an executor, its nodes, and a service that looks into failures."""

    world: World
    executor: bytes
    nodes: Tracing
    forensics: Forensics
    bus: Bus
    sent: int = 0

    def keep_traces(self, kept: bool) -> None:
        """Whether the node keeps any."""
        self.nodes.kept = kept

    async def plan(self, pools: Sequence[DevPool], amount: int, *, promise: int | None = None) -> OrderRequest:
        """What the exact mathematics makes of a path of WPOL now; `promise` is told instead of its profit."""
        base = self.world.tokens["WPOL"]
        number = await self.world.block_number()
        truths = await read_truth(self.world.rpc, self.world.places["Multicall3"], pools, number)
        states = {pool.name: state_of(pool, truths[pool.name]) for pool in pools}
        legs, token, left = [], base, amount
        for at, pool in enumerate(pools, 1):
            bought = predicted(pools[:at], states, base, amount)
            assert bought is not None
            if promise is not None and at == len(pools):
                bought = amount + promise
            other = pool.token1 if pool.token0.address == token.address else pool.token0
            venue = Venue.UNISWAP_V3 if pool.family is Family.V3 else Venue.UNISWAP_V2
            instrument = InstrumentId.from_pool_address(raw(pool.address), venue)
            legs.append(Leg(instrument, raw(token.address), raw(other.address), left, bought, 0, 1 << 96))
            token, left = other, bought
        self.sent += 1
        return OrderRequest(
            run=1,
            intent_id=self.sent,
            signal_id=self.sent,
            strategy="flash_arbitrage",
            mode=Mode.LIVE,
            halt_epoch=1,
            chain_id=self.world.chain_id,
            block_number=number,
            log_index=BLOCK_END,
            venue_time_ns=1,
            legs=tuple(legs),
            profit_token=raw(base.address),
            size=amount,
            minimum_profit=1,
            flash_fee=0,
            gas_wei=1,
            gas_cost=0,
            expected_net=left - amount,
            created_ns=1,
        )

    async def send(
        self, intent: OrderRequest, pools: Sequence[DevPool], *, gas_limit: int = 900_000, deadline: int = FAR
    ) -> Attempt:
        """Sign and send the trade, for the next block."""
        path = ExecutorPath(
            funding=Funding.BALANCER,
            deadline=deadline,
            least_profit=1,
            amount_in=intent.size,
            base=intent.profit_token,
            legs=[_leg(pool, leg) for pool, leg in zip(pools, intent.legs, strict=True)],
            lender=raw(self.world.places["Balancer vault"]),
        )
        nonce = int(await self.world.rpc.ask("eth_getTransactionCount", hex_of(KEY.address), "latest"), 16)
        fields = DynamicFeeTransaction(
            chain_id=self.world.chain_id,
            nonce=nonce,
            tip_wei=GWEI,
            cap_wei=1_000 * GWEI,
            gas_limit=gas_limit,
            to=self.executor,
            value_wei=0,
            data=call_data(path),
        )
        signed = KEY.sign(fields)
        await self.world.rpc.ask("eth_sendRawTransaction", hex_of(signed.raw))
        told = TransactionSigned(
            run=1,
            wallet=KEY.address,
            chain_id=self.world.chain_id,
            nonce=nonce,
            hash=signed.hash,
            purpose=Purpose.TRADE,
            intent_id=intent.intent_id,
            halt_epoch=1,
            to=self.executor,
            gas_limit=gas_limit,
            tip_wei=GWEI,
            cap_wei=1_000 * GWEI,
            deadline_block=deadline,
            raw=signed.raw,
            signed_ns=1,
        )
        return Attempt(intent, TransactionRecord.of(told))

    async def receipt(self, attempt: Attempt) -> Receipt:
        """What became of it."""
        told = await self.world.rpc.ask("eth_getTransactionReceipt", hex_of(attempt.record.hash))
        return read_receipt(msgspec.convert(told, RpcReceipt), attempt.record.hash)

    async def finding(self, attempt: Attempt) -> FailureFinding:
        """What is found of one that was undone."""
        receipt = await self.receipt(attempt)
        assert not receipt.succeeded
        with self.bus.execution.subscribe("test") as told:
            self.forensics.examine(attempt.intent, attempt.record, receipt)
            (found,) = await told.receive()
        assert isinstance(found, FailureFinding)
        assert found.hash == attempt.record.hash
        return found


@asynccontextmanager
async def forensics_rig(folder: Path) -> AsyncIterator[ForensicsRig]:
    """A fresh chain with the executor of a wallet."""
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_test_world())
        executor = raw(await deploy_executor(world, hex_of(KEY.address)))
        nodes = Tracing(await stack.enter_async_context(pool_of((world.http_url, world.ws_url))))
        journal = await stack.enter_async_context(open_journal(folder))
        bus = Bus()
        forensics = Forensics(nodes, journal, bus.execution, now_ns=lambda: 5)
        nursery = await stack.enter_async_context(trio.open_nursery())
        await nursery.start(forensics.run)
        yield ForensicsRig(world, executor, nodes, forensics, bus)
        nursery.cancel_scope.cancel()


def _leg(pool: DevPool, planned: Leg) -> PathLeg:
    fee_ppm = pool.fee_ppm or 0
    kind = KINDS[pool.family]
    return PathLeg(
        pool=raw(pool.address),
        kind=kind,
        zero_for_one=raw(pool.token0.address) == planned.token_in,
        fee_ppm=fee_ppm if kind is LegKind.V2 else 0,
        least_out=planned.amount_out,
        token_out=planned.token_out,
    )
