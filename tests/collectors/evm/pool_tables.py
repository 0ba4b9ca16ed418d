"""The pools of real blocks and of registries, as tables that a test can write."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from functools import cache
from pathlib import Path

BLOCKS = Path(__file__).parents[2] / "vectors" / "evm_blocks"
Row = dict[str, str]


@cache
def listed(which: str) -> tuple[Row, ...]:
    """The rows of a set: `polygon`, `ethereum_base` or `blocks`."""
    with gzip.open(BLOCKS / "pools.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return tuple(row for row in csv.DictReader(file) if row.pop("set") == which)


def write_table(path: Path, rows: Sequence[Row]) -> Path:
    """A table of these rows at `path`, which is returned."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
