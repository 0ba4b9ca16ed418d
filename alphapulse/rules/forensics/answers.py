"""What nodes answered, as evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from alphapulse.errors import CallReverted, LogRefused, RpcError
from alphapulse.rules.events.hex_text import read_block_hash, read_block_number, read_bytes, read_index
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.evm.executor_path import ExecutorPath, read_refusal
from alphapulse.rules.forensics.evidence import Position, Replay, Touch, profit_said
from alphapulse.rules.nodes.rpc_faults import FaultKind

ADDRESS_BYTES = 20


def replay_of(answer: object) -> Replay:
    """What a call at an earlier state came to."""
    if isinstance(answer, CallReverted):
        return Replay(pays=False, refusal=read_refusal(answer.data))
    if isinstance(answer, RpcError):
        return Replay(pays=False) if answer.kind == FaultKind.OUT_OF_GAS else Replay()
    return Replay(pays=True) if isinstance(answer, str) else Replay()


def measured(answer: object, asked: ExecutorPath, flash_fee: int) -> int | None:
    """The profit that the refusal of a measuring call tells of; None if it failed before its last leg."""
    refusal = replay_of(answer).refusal
    return None if refusal is None else profit_said(refusal, asked, flash_fee)


def touches_of(answer: object, seen: Position, ours: Position) -> tuple[Touch, ...] | None:
    """Logs behind the seen one and before our transaction (block and index), in order; None if they cannot be read."""
    if not isinstance(answer, Iterable) or isinstance(answer, str):
        return None
    try:
        touches = [_touch(log) for log in answer if isinstance(log, RpcLog) and not log.removed]
    except LogRefused:
        return None
    return tuple(
        sorted(
            (
                touch
                for touch in touches
                if (touch.block_number, touch.log_index) > seen and (touch.block_number, touch.transaction_index) < ours
            ),
            key=lambda touch: (touch.block_number, touch.log_index),
        )
    )


def _touch(log: RpcLog) -> Touch:
    return Touch(
        block_number=read_block_number(log.block_number),
        log_index=read_index(log.log_index),
        transaction_index=read_index(log.transaction_index),
        transaction=read_block_hash(log.transaction_hash),
        pool=read_bytes(log.address, ADDRESS_BYTES, "address"),
    )
