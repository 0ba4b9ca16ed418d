"""A journal that somebody changed: `alphapulse audit verify` finds every edit, deletion, swap, copy and cut."""

from __future__ import annotations

import random
import re
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate, islice, repeat
from multiprocessing import get_context
from pathlib import Path

import attrs
import trio
from click.testing import CliRunner

from alphapulse.cli.main import main
from alphapulse.journal.journal import Journal
from alphapulse.journal.journal_file import JournalScan
from tests.daemon.day_config import Day
from tests.fakes.inline_blocking import run_inline
from tests.journal.journal_samples import Clock, history
from tests.prove.outcome import Outcome

RECORDS = 10_000
LANES = 2
CHECKSUM = slice(28, 32)
"""Where a frame's CRC-32 over everything else stands."""


@attrs.frozen
class Journalled:
    """The sound journal: the length of each frame, and its head as a witness elsewhere wrote it down."""

    path: Path
    sizes: tuple[int, ...]
    anchor: str

    def frames(self) -> list[bytes]:
        """Every frame, in order."""
        data = self.path.read_bytes()
        return [data[end - size : end] for end, size in zip(accumulate(self.sizes), self.sizes, strict=True)]


def tried(count: int, folder: Path) -> Outcome:
    """So many damages to a journal of 10,000 records, a tenth of that in the tests."""
    records = RECORDS if count >= 1_000 else RECORDS // 10
    journalled = trio.run(_written, folder, records)
    if _verify(folder, journalled.anchor):
        return Outcome(count, ("the undamaged journal was refused",))
    with ProcessPoolExecutor(LANES, mp_context=get_context("spawn")) as lanes:
        lots = [range(lane, count, LANES) for lane in range(LANES)]
        found = [one for lot in lanes.map(_lot, lots, repeat(journalled), repeat(folder)) for one in lot]
    missed = tuple(f"{kind} was not found (damage {seed})" for seed, kind, seen in found if not seen)
    kinds = Counter(kind for _, kind, _ in found)
    note = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))
    return Outcome(len(found), missed, notes=(f"{records:,} records; {note}",))


async def _written(folder: Path, records: int) -> Journalled:
    Day().write(folder)
    (folder / "data").mkdir(mode=0o700)
    path = folder / "data" / "paper.journal"
    async with Journal.open(path, now_ns=Clock(), run_blocking=run_inline) as journal:
        journal.append_now(list(islice(history(7), records)))
        anchor = f"{journal.records}:{journal.head_hash.hex()}"
    with path.open("rb") as file:
        sizes = tuple(len(frame) for frame in JournalScan(file))
    return Journalled(path, sizes, anchor)


def _lot(seeds: range, journalled: Journalled, folder: Path) -> list[tuple[int, str, bool]]:
    """(seed, kind, found) of each damage, made in a folder of this lane."""
    home = folder / f"lane-{seeds.start}"
    (home / "data").mkdir(mode=0o700, parents=True)
    Day().write(home)
    frames = journalled.frames()
    told = []
    for seed in seeds:
        chance = random.Random(seed)
        kind, damage = DAMAGES[seed % len(DAMAGES)]
        path = home / "data" / "paper.journal"
        path.write_bytes(damage(frames, chance))
        path.chmod(0o600)
        told.append((seed, kind, _verify(home, journalled.anchor)))
    return told


def _verify(home: Path, anchor: str) -> bool:
    """Whether the command finds something wrong."""
    config = str(home / "config.toml")
    result = CliRunner().invoke(main, ["audit", "verify", "--config", config, "--anchor", anchor])
    sound = re.search("The journal is sound", result.stdout) is not None
    assert result.exit_code == (0 if sound else 1), result.output
    return not sound


def _edited(frames: list[bytes], chance: random.Random) -> bytes:
    data = bytearray(b"".join(frames))
    for _ in range(chance.randint(1, 4)):
        data[chance.randrange(len(data))] ^= chance.randint(1, 255)
    return bytes(data)


def _forged(frames: list[bytes], chance: random.Random) -> bytes:
    """One record is another, and its checksum is right again: only the links can tell."""
    at = chance.randrange(len(frames))
    frame = bytearray(frames[at])
    frame[chance.randrange(40, len(frame))] ^= chance.randint(1, 255)
    frame[CHECKSUM] = zlib.crc32(frame[CHECKSUM.stop :], zlib.crc32(frame[: CHECKSUM.start])).to_bytes(4, "little")
    return b"".join([*frames[:at], bytes(frame), *frames[at + 1 :]])


def _deleted(frames: list[bytes], chance: random.Random) -> bytes:
    at = chance.randrange(len(frames))
    return b"".join(frames[:at] + frames[at + chance.randint(1, 5) :])


def _swapped(frames: list[bytes], chance: random.Random) -> bytes:
    one, other = chance.sample(range(len(frames)), 2)
    changed = list(frames)
    changed[one], changed[other] = changed[other], changed[one]
    return b"".join(changed)


def _copied(frames: list[bytes], chance: random.Random) -> bytes:
    at, source = chance.randrange(len(frames) + 1), chance.randrange(len(frames))
    return b"".join([*frames[:at], frames[source], *frames[at:]])


def _cut(frames: list[bytes], chance: random.Random) -> bytes:
    """Records are cut off behind a whole one: nothing in the file tells, the witness does."""
    return b"".join(frames[: chance.randrange(len(frames))])


def _torn(frames: list[bytes], chance: random.Random) -> bytes:
    data = b"".join(frames)
    return data[: chance.randrange(len(data))]


DAMAGES: tuple[tuple[str, Callable[[list[bytes], random.Random], bytes]], ...] = (
    ("edits", _edited),
    ("edits with a right checksum", _forged),
    ("deletions", _deleted),
    ("swaps", _swapped),
    ("insertions", _copied),
    ("cuts behind a record", _cut),
    ("cuts within a record", _torn),
)
