"""Stored sweeps in the shapes of the API. Everything here reads files: it is meant for a worker thread."""

from __future__ import annotations

import re
from pathlib import Path

from alphapulse.errors import EvidenceError
from alphapulse.studies.sweep_file import SUFFIX, StoredSweep, read_sweep
from alphapulse.studies.sweep_table import Sum, fitted_on, rows_of, uncounted
from alphapulse_web.api.schemas import Amount
from alphapulse_web.api.study_shapes import Sweep, SweepAxis, SweepRowView, Sweeps, SweepSum, SweepSummary

SHOWN = 100
"""Sweeps of a list; older ones are asked for by their name."""
PROBLEMS = 20

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._+-]{0,119}")


class SweepsView:
    """Reads the sweeps of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sweeps(self) -> Sweeps:
        """The newest, by name; none if nothing was swept yet."""
        found: list[SweepSummary] = []
        unreadable: list[str] = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}"), reverse=True)[:SHOWN]:
            try:
                found.append(_summary(path.name.removesuffix(SUFFIX), read_sweep(path)))
            except EvidenceError:
                unreadable.append(path.name)
        return Sweeps(sweeps=found, unreadable=unreadable)

    def sweep(self, name: str) -> Sweep:
        """One of them. Raises LookupError if there is none of that name, or the file is none."""
        if not _NAME.fullmatch(name):
            raise LookupError(name)
        try:
            stored = read_sweep(self._folder / f"{name}{SUFFIX}")
        except EvidenceError as error:
            raise LookupError(name) from error
        tested = any(span.kind == "test" for span in stored.head.spans)
        remark = uncounted(stored)
        problems = [] if remark is None else [remark]
        problems += [f"{run.settings}: {run.problem}" for run in stored.runs if run.problem is not None]
        return Sweep(
            summary=_summary(name, stored),
            symbol=stored.head.symbol,
            decimals=stored.head.decimals,
            elapsed_s=str(stored.end.elapsed_s) if stored.end is not None else None,
            rows=[
                SweepRowView(
                    settings=row.settings,
                    fit=_sum(row.fit, stored),
                    test=_sum(row.test, stored) if tested else None,
                    complete=row.complete,
                    best=row.best,
                )
                for row in rows_of(stored)
            ],
            problems=problems[:PROBLEMS],
        )


def _summary(name: str, stored: StoredSweep) -> SweepSummary:
    head = stored.head
    return SweepSummary(
        name=name,
        created=head.created,
        axes=[SweepAxis(path=axis.path, values=list(axis.values)) for axis in head.axes],
        runs=head.runs,
        done=len(stored.runs),
        finished=stored.end is not None and stored.end.finished,
        fitted=fitted_on(stored),
    )


def _sum(one: Sum, stored: StoredSweep) -> SweepSum:
    head = stored.head
    net = Amount(raw=str(one.net), decimals=head.decimals, symbol=head.symbol, token=head.token)
    return SweepSum(opportunities=one.opportunities, trades=one.trades, reverted=one.reverted, net=net)
