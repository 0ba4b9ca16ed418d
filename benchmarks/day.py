"""The recorded day that ships with the package, in the forms in which the benchmarks need it."""

from __future__ import annotations

import gzip
from operator import itemgetter
from pathlib import Path

import msgspec

from alphapulse.cli.setup import read_config
from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.collectors.recorded.recording import frame_of
from alphapulse.composition.terms import recorded_collector
from alphapulse.config import Config
from alphapulse.data.market import PoolSwap
from alphapulse.data.pools import Pool
from alphapulse.rules.arbitrage.scanner import CycleScanner
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.rpc_log import RpcLog, decode_frame
from alphapulse.rules.events.uniswap_v3 import SWAP_TOPIC

SPAN_BLOCKS = 10_000
SPAN_S = 43_200
"""A half day, and more blocks than it has: how far the copies of a long recording lie apart."""


class Day:
    """The half day of two pools: lines, frames, Swap logs, and the states at which an opportunity is open."""

    def __init__(self) -> None:
        config = shipped_config()
        _, section = recorded_collector(config)
        self.pools: tuple[Pool, ...] = load_pools(config.resolve(section.pools))
        with gzip.open(config.resolve(section.logs[0]), "rb") as file:
            self.lines = [line.strip() for line in file]
        self.frames = [frame_of(line) for line in self.lines]
        self.logs = [decode_frame(frame) for frame in self.frames]
        decoder = LogDecoder(self.pools)
        self.events = [decoder.decode_log(log, 0) for log in self.logs]

    def swap_logs(self) -> list[RpcLog]:
        """All Swap logs."""
        return [log for log in self.logs if log.topics[0] == SWAP_TOPIC]

    def swaps(self) -> list[PoolSwap]:
        """All Swap events."""
        return [event for event in self.events if isinstance(event, PoolSwap)]

    def states(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Pairs of line numbers (the other pool's last Swap, the Swap of the state): screened out, and open."""
        screened: list[tuple[int, int]] = []
        opened: list[tuple[int, int]] = []
        scanner = CycleScanner(self.pools, (), per_block=False)
        last: dict[object, int] = {}
        for index, event in enumerate(self.events):
            found = scanner.take(event) is not None
            if isinstance(event, PoolSwap):
                last[event.pool] = index
                others = [number for pool, number in last.items() if pool != event.pool]
                if others:
                    (opened if found else screened).append((others[0], index))
        return screened, opened

    def write_copies(self, path: Path, copies: int) -> int:
        """Write the half day several times in a row, blocks and times moved on; returns how many logs that are.

        Each copy but the first begins where both pools have swapped: the prices of a morning beside those of the noon
        before would be gaps that nobody saw.
        """
        screened, opened = self.states()
        other, index = min(screened + opened, key=itemgetter(1))
        rest = [self.lines[other], *self.lines[index:]]
        with gzip.open(path, "wb", compresslevel=1) as file:
            for copy in range(copies):
                for line in rest if copy else self.lines:
                    file.write(shifted(line, blocks=copy * SPAN_BLOCKS, seconds=copy * SPAN_S) + b"\n")
        return len(self.lines) + (copies - 1) * len(rest)


def shifted(line: bytes, *, blocks: int, seconds: int, **fields: str) -> bytes:
    """A recorded line with its block and time moved on, and other fields as given."""
    log = msgspec.json.decode(line)
    log["blockNumber"] = hex(int(log["blockNumber"], 16) + blocks)
    log["blockTimestamp"] = hex(int(log["blockTimestamp"], 16) + seconds)
    return msgspec.json.encode(log | fields)


def shipped_config() -> Config:
    """The configuration of this checkout, with the whole half day."""
    config = read_config(Path(__file__).parents[1] / "config.toml")
    return msgspec.structs.replace(
        config,
        collectors={
            name: msgspec.structs.replace(section, start=None, end=None) for name, section in config.collectors.items()
        },
    )
