"""What a sweep says: each combination in sum, the best of what was fitted, and what that was worth elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from alphapulse.studies.sweep_file import StoredSweep, SweepRun


@attrs.define
class Sum:
    """Replays of one combination on spans of one kind. `net` is in raw units of the sweep's token."""

    runs: int = 0
    opportunities: int = 0
    trades: int = 0
    reverted: int = 0
    net: int = 0


@attrs.frozen
class SweepRow:
    """One combination. `complete` is False while one of its replays is missing or has a problem."""

    settings: dict[str, str]
    fit: Sum
    test: Sum
    complete: bool
    best: bool


def rows_of(sweep: StoredSweep) -> list[SweepRow]:
    """The combinations, best of the fitted spans first; only one whose replays are all there can be marked the best."""
    per_row = len(sweep.head.recordings) * len(sweep.head.spans)
    sums: dict[tuple[tuple[str, str], ...], tuple[Sum, Sum]] = {}
    good: dict[tuple[tuple[str, str], ...], int] = {}
    for run in sweep.runs:
        key = tuple(run.settings.items())
        fit, test = sums.setdefault(key, (Sum(), Sum()))
        _add(fit if run.kind == "fit" else test, run, sweep.head.token)
        good[key] = good.get(key, 0) + (run.problem is None)
    whole = [key for key in sums if good[key] == per_row]
    best = max(whole, key=lambda key: sums[key][0].net, default=None)
    rows = [SweepRow(dict(key), *both, good[key] == per_row, key == best) for key, both in sums.items()]
    return sorted(rows, key=lambda row: (-row.complete, -row.fit.net))


def fitted_on(sweep: StoredSweep) -> str:
    """In one sentence: on what the settings were chosen, and on what they were only tried."""
    fit = [span.name for span in sweep.head.spans if span.kind == "fit"]
    test = [span.name for span in sweep.head.spans if span.kind == "test"]
    text = f"fitted on {', '.join(fit) or 'nothing'}"
    if test:
        return f"{text}; tested out of sample on {', '.join(test)}"
    return f"{text}; nothing was left out, so the best row is no forecast (--fit and --test split the time)"


def uncounted(sweep: StoredSweep) -> str | None:
    """In one sentence, what the rows do not count: nets in other tokens; None if there are none."""
    others = {token for run in sweep.runs for token, net in run.net.items() if token != sweep.head.token and int(net)}
    if not others:
        return None
    return f"not counted is what was earned in {', '.join(sorted(others))}: rows compare {sweep.head.symbol} only"


def _add(sums: Sum, run: SweepRun, token: str) -> None:
    sums.runs += 1
    sums.opportunities += run.opportunities
    sums.trades += run.trades
    sums.reverted += run.reverted
    sums.net += int(run.net.get(token, "0"))


def csv_lines(sweep: StoredSweep) -> Iterable[list[str]]:
    """One row for each replay, with heads."""
    paths = [axis.path for axis in sweep.head.axes]
    yield [*paths, "recording", "span", "kind", "opportunities", "trades", "reverted", "refused", "net", "problem"]
    for run in sweep.runs:
        counts = (run.opportunities, run.trades, run.reverted, run.refused)
        net = run.net.get(sweep.head.token, "0")
        place = (run.recording, run.span, run.kind)
        yield [*(run.settings[path] for path in paths), *place, *map(str, counts), net, run.problem or ""]
