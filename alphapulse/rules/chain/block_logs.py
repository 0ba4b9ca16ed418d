"""The logs of blocks: what subscriptions told of them as hints, and an answer judged before it is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from alphapulse.errors import AnswerRefused, LogRefused
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.events.hex_text import (
    NS_PER_SECOND,
    read_block_hash,
    read_block_number,
    read_bytes,
    read_index,
    shown,
)
from alphapulse.rules.events.rpc_log import RpcLog

HINT_BLOCKS = 512
"""Blocks of which hints are kept; the oldest ones go first."""

HINT_LOGS = 131_072
"""The same in logs, over all blocks: a flood pushes out what is old, and costs a question at most."""


class HeardLog(NamedTuple):
    """A log, and when the frame came that brought it first (ns, wall clock)."""

    log: RpcLog
    received_ns: int


class LogHints:
    """What subscriptions have told of logs, by block hash and log index. Nothing is believed because it stands here."""

    def __init__(self) -> None:
        self._blocks: dict[bytes, dict[int, HeardLog]] = {}
        self._logs = 0

    def add(self, log: RpcLog, received_ns: int) -> bytes | None:
        """Keep a log. Returns the hash of its block, None if the same one was told before.

        Raises:
            LogRefused: it does not say where it belongs.
        """
        if log.block_hash is None:
            raise LogRefused("no_block", "expected a log with its block's hash, found none")
        block_hash, index = read_block_hash(log.block_hash), read_index(log.log_index)
        logs = self._blocks.setdefault(block_hash, {})
        if index in logs:
            return None
        logs[index] = HeardLog(log, received_ns)
        self._logs += 1
        while self._logs > HINT_LOGS or len(self._blocks) > HINT_BLOCKS:
            self.forget(next(iter(self._blocks)))
        return block_hash

    def of(self, block_hash: bytes) -> Mapping[int, HeardLog]:
        """The hints of a block, by log index."""
        return self._blocks.get(block_hash, {})

    def forget(self, block_hash: bytes) -> None:
        """The block needs none any more."""
        self._logs -= len(self._blocks.pop(block_hash, ()))


def judged(header: Header, logs: Sequence[RpcLog], wanted: LogFilter) -> dict[int, RpcLog]:
    """A node's logs of one block, by log index in order.

    A node that gives back removed logs beside the new ones is forgiven; a block time that is missing is the header's.

    Raises:
        AnswerRefused: one belongs to another block, two stand at one index, or the header's bloom excludes one.
    """
    found: dict[int, RpcLog] = {}
    for log in logs:
        if log.removed:
            continue
        index = _placed(log, header)
        if found.setdefault(index, log) != log:
            raise AnswerRefused("logs", f"expected one log at index {index} of block {header.number}, found two")
        try:
            topics = [read_bytes(topic, 32, "a topic") for topic in log.topics]
            held = wanted.may_hold(header.bloom, read_bytes(log.address, 20, "an address"), topics)
        except LogRefused as refusal:
            raise AnswerRefused("logs", f"expected logs, found a part that is none: {refusal}") from refusal
        if not held:
            raise AnswerRefused("logs", f"the bloom of block {header.number} excludes a log of {shown(log.address)}")
    time_text = hex(header.venue_time_ns // NS_PER_SECOND)
    return {
        index: log if log.block_timestamp == time_text else msgspec.structs.replace(log, block_timestamp=time_text)
        for index, log in sorted(found.items())
    }


def agrees(found: Mapping[int, RpcLog], hints: Mapping[int, HeardLog]) -> bool:
    """True if an answer has every log of which a subscription told, as it was told."""
    for index, heard in hints.items():
        log = found.get(index)
        if log is None or (log != heard.log and _content(log) != _content(heard.log)):
            return False
    return True


def _content(log: RpcLog) -> tuple[str, tuple[str, ...], str]:
    """What a log says, alike for nodes that write hex digits differently."""
    return log.address.lower(), tuple(topic.lower() for topic in log.topics), log.data.lower()


def _placed(log: RpcLog, header: Header) -> int:
    try:
        placed = log.block_hash is not None and read_block_hash(log.block_hash) == header.hash
        placed = placed and read_block_number(log.block_number) == header.number
        index = read_index(log.log_index)
    except LogRefused as refusal:
        raise AnswerRefused("logs", f"expected logs, found a part that is none: {refusal}") from refusal
    if not placed:
        where = f"{header.number} (0x{header.hash.hex()})"
        raise AnswerRefused("logs", f"expected logs of block {where}, found one of {shown(log.block_number)}")
    return index
