"""Finds the files that hold answers, and what these follow from, and scores each of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from alphapulse.errors import AlphaPulseError, EvidenceError
from alphapulse.scoring.blocks import no_blocks, score_cross_pool, score_realized
from alphapulse.scoring.day import Recorded, score_gaps, score_net_positive
from alphapulse.scoring.evidence import Evidence, Form, read_evidence
from alphapulse.scoring.listed import score_listed, score_paths, score_triggers
from alphapulse.scoring.pool_table import ListedPool, address, integer, listed_pools
from alphapulse.scoring.quotes import (
    has_reserves,
    score_keyed_quotes,
    score_quotes,
    score_router_quotes,
    score_ticks,
)
from alphapulse.scoring.score import Score
from alphapulse.scoring.snapshots import score_snapshot, score_spot_gaps, states_of_pools, states_of_snapshot
from alphapulse.scoring.spot import SpotState
from alphapulse.scoring.traces import score_traces
from alphapulse.scoring.vectors import score_pair_swaps, score_swap_steps

MOST_FILES = 10_000
"""Files of a folder that are looked at; whoever names a disk by mistake hears of it."""

MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""How a document fails that has the keys of a form and not its contents."""

ALONE = {
    Form.LISTED_ARBITRAGES: score_listed,
    Form.SIMULATED_PATHS: score_paths,
    Form.TRIGGER_DISTANCES: score_triggers,
    Form.SWAP_STEPS: score_swap_steps,
    Form.PAIR_SWAPS: score_pair_swaps,
    Form.ROUTER_QUOTES: score_router_quotes,
    Form.TICKS: score_ticks,
    Form.SNAPSHOT: score_snapshot,
}
"""Answers that need no other file."""


@attrs.frozen
class Failure:
    """A file that could not be scored, and why."""

    file: str
    problem: str


@attrs.define
class Library:
    """The files that were recognised. `unknown` are those in which nothing was that we know."""

    files: dict[Path, Evidence] = attrs.field(factory=dict)
    failures: list[Failure] = attrs.field(factory=list)
    unknown: list[Path] = attrs.field(factory=list)

    def read(self, paths: Iterable[Path]) -> list[Evidence]:
        """Those among the files that are recognised; each is read once."""
        found = []
        for path in paths:
            if path not in self.files and path not in self.unknown:
                try:
                    evidence = read_evidence(path)
                except EvidenceError as error:
                    self.failures.append(Failure(str(path), str(error)))
                    evidence = None
                if evidence is None:
                    self.unknown.append(path)
                else:
                    self.files[path] = evidence
            if path in self.files:
                found.append(self.files[path])
        return found


def score_paths_given(paths: Sequence[Path]) -> tuple[list[Score], list[Failure], list[Path]]:
    """Scores of all answers in these files and folders, what could not be scored, and files of no known form.

    What an answer follows from is looked for beside it first, then in everything that was given.

    Raises:
        EvidenceError: a path does not exist, or a folder holds more files than anybody would mean.
    """
    library = Library()
    given = [path for one in paths for path in _files(one)]
    asked = library.read(given)
    scores: list[Score] = []
    for answers in asked:
        try:
            score = _score(answers, library, asked)
        except AlphaPulseError as error:
            library.failures.append(Failure(str(answers.path), str(error)))
            continue
        except MALFORMED as error:  # of this file, or of one that its answers follow from
            what = f"{type(error).__name__}: {error}"
            problem = (
                f"{answers.path}: expected {answers.form} and what they follow from as docs/score.md says ({what})"
            )
            library.failures.append(Failure(str(answers.path), problem))
            continue
        if score is not None:
            scores.append(score)
    unknown = [path for path in paths if path in library.unknown]
    failed = {failure.file for failure in library.failures}
    library.failures += [
        Failure(str(path), "expected a file of a form that docs/score.md describes, found none of them")
        for path in unknown
        if str(path) not in failed
    ]
    return scores, library.failures, [path for path in given if path in library.unknown and str(path) not in failed]


def _score(answers: Evidence, library: Library, given: Sequence[Evidence]) -> Score | None:
    if (alone := ALONE.get(answers.form)) is not None:
        if answers.form is Form.SNAPSHOT and _answered(answers, library):
            return None
        return alone(answers)
    score = WITH_OTHERS.get(answers.form)
    return None if score is None else score(answers, _Around(answers, library, given))


@attrs.frozen
class _Around:
    """The files that answers follow from: of their own folder and those below; where none is there, all given ones."""

    answers: Evidence
    library: Library
    given: Sequence[Evidence]

    def all(self, form: Form) -> list[Evidence]:
        return [one for one in self._beside() if one.form is form] or [one for one in self.given if one.form is form]

    def needed(self, form: Form, what: str) -> list[Evidence]:
        found = self.all(form)
        if not found:
            raise EvidenceError(f"{self.answers.path}: expected {what} beside it, found none; give its folder too")
        return found

    def recording(self) -> Recorded:
        """The recording of the pools that the answers speak of: all files of theirs, and the blocks of those meant."""
        spoken_of = _pools_of(self.answers)
        named = " and ".join(sorted(spoken_of))
        logs = [one for one in self.needed(Form.LOGS, "the recorded logs") if _is_of(one, spoken_of)]
        pools = [
            one
            for one in self.needed(Form.POOL_FILE, "the file of the recording's pools")
            if spoken_of <= {str(pool.get("address", "")).lower() for pool in one.document["pools"]}
        ]
        if not logs or not pools:
            what = "a pool file" if logs else "logs"
            raise EvidenceError(f"{self.answers.path}: expected {what} of {named} among the files, found others")
        where = str(self.answers.path)
        blocks = [integer(row, "block_number", where) for row in self.answers.rows]
        spans = [span for one in logs if (span := _span(one))[0] <= max(blocks) and span[1] >= min(blocks)]
        if not spans:
            raise EvidenceError(f"{self.answers.path}: expected logs of its blocks among the files, found other blocks")
        return Recorded(
            tuple(one.path for one in logs),
            pools[0].path,
            min(span[0] for span in spans),
            max(span[1] for span in spans),
        )

    def spot_states(self) -> list[SpotState]:
        beside = self._beside()
        snapshots = [one for one in beside if one.form is Form.SNAPSHOT]
        if not snapshots and not any(one.form is Form.POOL_STATES for one in beside):
            snapshots = [one for one in self.given if one.form is Form.SNAPSHOT]
        if snapshots:
            return [state for one in snapshots for state, _ in states_of_snapshot(one)]
        pools = listed_pools(self.needed(Form.POOL_TABLE, "a table of the pools"))
        states = self.needed(Form.POOL_STATES, "the pools' states, or a snapshot,")
        return [state for one in states for state in states_of_pools(one, pools)]

    def _beside(self) -> list[Evidence]:
        return self.library.read(_files(self.answers.path.parent))


def _quotes(answers: Evidence, around: _Around) -> Score:
    needed = [] if has_reserves(answers.rows) else around.needed(Form.POOL_DOCUMENT, "the pools' whole states")
    return score_quotes(answers, needed)


def _keyed_quotes(answers: Evidence, around: _Around) -> Score:
    return score_keyed_quotes(answers, around.needed(Form.POOL_DOCUMENT, "the pools' whole states"))


def _blocks(
    score: Callable[[Evidence, Sequence[Evidence], Mapping[tuple[int, str], ListedPool]], Score],
) -> Callable[[Evidence, _Around], Score]:
    def scored(answers: Evidence, around: _Around) -> Score:
        pools = listed_pools(around.needed(Form.POOL_TABLE, "a table of the pools"))
        blocks = around.all(Form.BLOCK)
        return score(answers, blocks, pools) if blocks else no_blocks(answers)

    return scored


WITH_OTHERS: dict[Form, Callable[[Evidence, _Around], Score]] = {
    Form.GAP_STATES: lambda answers, around: score_gaps(answers, around.recording()),
    Form.NET_POSITIVE_STATES: lambda answers, around: score_net_positive(answers, around.recording()),
    Form.CROSS_POOL_STATES: _blocks(score_cross_pool),
    Form.REALIZED_CYCLES: _blocks(score_realized),
    Form.SPOT_GAPS: lambda answers, around: score_spot_gaps(answers, around.spot_states()),
    Form.NET_POSITIVE_PAIRS: lambda answers, around: score_spot_gaps(answers, around.spot_states()),
    Form.QUOTES: _quotes,
    Form.KEYED_QUOTES: _keyed_quotes,
    Form.TRACED_ANSWERS: lambda answers, around: score_traces(answers, around.needed(Form.TRACES, "traced blocks")),
}
"""Answers that follow from other files."""


def _pools_of(answers: Evidence) -> set[str]:
    """The pools that a table of states names. Raises EvidenceError if it has no row."""
    columns = [name for name in answers.columns if name.endswith(("_in_pool", "_sqrt_pool"))]
    if not answers.rows:
        raise EvidenceError(f"{answers.path}: expected at least one row, found none: it names no pool")
    return {address(row, name, str(answers.path)) for row in answers.rows for name in columns}


def _is_of(logs: Evidence, pools: set[str]) -> bool:
    return any(str(row.get("address", "")).lower() in pools for row in logs.rows)


def _span(logs: Evidence) -> tuple[int, int]:
    """The first and the last block of a file of logs."""
    try:
        blocks = [int(str(row["blockNumber"]), 16) for row in logs.rows]
    except (KeyError, ValueError) as error:
        raise EvidenceError(f"{logs.path}: expected a blockNumber in hex on each line: {error}") from error
    return min(blocks), max(blocks)


def _answered(snapshot: Evidence, library: Library) -> bool:
    """True if answers to a snapshot lie beside it: these are scored then."""
    beside = library.read(_files(snapshot.path.parent))
    return any(one.form in (Form.SPOT_GAPS, Form.NET_POSITIVE_PAIRS) for one in beside)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        if not path.is_file():
            found = "something else" if path.exists() else "nothing"
            raise EvidenceError(f"expected a file or a folder at {path}, found {found}")
        yield path
        return
    count = 0
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.startswith(".") or not Path(folder, name).is_file():
                continue  # hidden, or a pipe that nobody writes to
            count += 1
            if count > MOST_FILES:
                raise EvidenceError(f"{path}: expected at most {MOST_FILES} files, found more; give the folder itself")
            yield Path(folder, name)
