"""The frames of the model chain's node, as a real node writes them; and what breaks them."""

from __future__ import annotations

from random import Random

import msgspec

from alphapulse.rules.events.uniswap_v3 import BURN_TOPIC, MINT_TOPIC, SWAP_TOPIC
from tests.simulation.chain import ModelBlock, ModelLog

TOPICS = {"swap": SWAP_TOPIC, "mint": MINT_TOPIC, "burn": BURN_TOPIC}
SENDER = f"0x{0xA11CE:064x}"


class Head(msgspec.Struct, frozen=True, rename="camel"):
    """The header of a block; `logs` is what its receipts say, in place of a bloom filter and a query."""

    number: int
    timestamp: int
    hash: str
    logs: tuple[tuple[str, int], ...]
    """Emitter and log index of each log."""
    branch: int
    """Which branch it is on, and how the newest ones hang together: in place of parent hashes and queries for them."""
    forks: tuple[tuple[int, int], ...]


class _HeadParams(msgspec.Struct, frozen=True):
    head: Head


class _HeadFrame(msgspec.Struct, frozen=True):
    method: str
    params: _HeadParams


_decoder = msgspec.json.Decoder(_HeadFrame)


def log_frame(block: ModelBlock, log: ModelLog) -> bytes:
    """The `eth_subscription` frame of a log."""
    ticks = () if log.ticks is None else tuple(_word(tick) for tick in log.ticks)
    topics = (TOPICS[log.kind], SENDER, *(ticks or (SENDER,)))
    result = {
        "address": log.address,
        "topics": topics,
        "data": "0x" + "".join(_word(word)[2:] for word in log.words),
        "blockNumber": hex(block.number),
        "blockHash": block.hash,
        "blockTimestamp": hex(block.time_s),
        "transactionHash": f"0x{block.number << 32 | log.index:064x}",
        "transactionIndex": hex(log.index),
        "logIndex": hex(log.index),
        "removed": False,
    }
    frame = {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"subscription": "0x1", "result": result}}
    return msgspec.json.encode(frame)


def head_frame(block: ModelBlock) -> bytes:
    """The frame of a block's header, which follows its logs."""
    logs = tuple((log.address, log.index) for log in block.logs)
    head = Head(block.number, block.time_s, block.hash, logs, block.branch, block.forks)
    return msgspec.json.encode(_HeadFrame("head", _HeadParams(head)))


def read_head(frame: bytes) -> Head | None:
    """The header in a frame; None if it is something else."""
    try:
        return _decoder.decode(frame).params.head
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def garbage(chance: Random, frame: bytes) -> bytes:
    """A frame that a broken node or a broken line could send."""
    match chance.randrange(5):
        case 0:
            return chance.randbytes(chance.randrange(200))
        case 1:
            return frame[: chance.randrange(len(frame))]
        case 2:
            # In the frame's own words: a number that is changed on its way is what TLS is for.
            at = chance.randrange(40)
            return frame[:at] + bytes([frame[at] ^ 1 << chance.randrange(8)]) + frame[at + 1 :]
        case 3:
            return b'{"jsonrpc":"2.0","id":7,"result":null}'
        case _:
            return b"[" * chance.randrange(1, 5_000)


def _word(value: int) -> str:
    return f"0x{value % (1 << 256):064x}"
