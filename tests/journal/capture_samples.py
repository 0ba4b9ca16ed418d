"""Inputs and files of captures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from alphapulse.data.captures import CHUNK_SIZE
from alphapulse.journal.capture_file import CapturedInput, CaptureScan, encode_input
from alphapulse.journal.damage import Damage

WRITTEN_NS = 1_700_000_000_000_000_000
SHORT = CapturedInput("kraken", 5, b"{}")
EMPTY = CapturedInput("kraken", 6, b"")
LONG = CapturedInput("day", 7, bytes(range(251)) * 600)
"""Three chunks."""

INPUTS = [SHORT, EMPTY, LONG, CapturedInput("day", 8, b"x" * CHUNK_SIZE), SHORT._replace(received_ns=9)]


def framed(inputs: Sequence[CapturedInput]) -> list[bytes]:
    """The frames of a capture, an input's behind the other's."""
    frames: list[bytes] = []
    for one in inputs:
        frames += encode_input(one, first_frame=len(frames) + 1, written_ns=WRITTEN_NS)
    return frames


def scanned(path: Path) -> tuple[list[CapturedInput], Damage | None, CaptureScan]:
    """What a reader gets."""
    with path.open("rb") as file:
        scan = CaptureScan(file)
        inputs = list(scan)
    return inputs, scan.damage, scan
