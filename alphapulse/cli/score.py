"""`alphapulse score`: what our own engine finds in data whose answers are known."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from alphapulse.cli.setup import EXIT_FAILED, reports_errors
from alphapulse.observe.logs import configure_logs
from alphapulse.scoring.score import Measure, Score
from alphapulse.scoring.scorer import Failure, score_paths_given


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@reports_errors
def score(paths: tuple[Path, ...], as_json: bool) -> None:
    """Score files and folders of real data with known answers: recall and precision, and what is missing and why.

    Files are recognised by what stands in them, plain or gzip; docs/score.md describes the forms.
    Exit code 1: an answer that is exact was missed, a file could not be scored, or there was nothing to score.
    """
    configure_logs(logging.ERROR)
    scores, failures, unknown = score_paths_given(paths)
    if as_json:
        document = {
            "passed": _passed(scores, failures),
            "scores": [one.as_json() for one in scores],
            "failed": [{"file": one.file, "problem": one.problem} for one in failures],
            "unknown": len(unknown),
        }
        click.echo(msgspec.json.encode(document).decode())
    else:
        console = Console(soft_wrap=True)
        for one in scores:
            _print(console, one)
        console.print(_conclusion(scores, unknown), highlight=False)
    for failure in failures:
        click.echo(f"alphapulse: {failure.problem}", err=True)
    if not scores and not failures:
        click.echo("alphapulse: expected files with known answers, found none: docs/score.md says which", err=True)
    if not _passed(scores, failures):
        sys.exit(EXIT_FAILED)


def _passed(scores: list[Score], failures: list[Failure]) -> bool:
    return bool(scores) and not failures and all(one.passed for one in scores)


def _conclusion(scores: list[Score], unknown: list[Path]) -> str:
    measures = [measure for one in scores for measure in one.measures if measure.exact]
    complete = sum(measure.complete for measure in measures)
    others = f"; {len(unknown)} files hold nothing that is scored" if unknown else ""
    return f"{complete} of {len(measures)} exact measures are complete, in {len(scores)} files{others}"


def _print(console: Console, one: Score) -> None:
    console.print(f"{one.file}  [dim]({one.form})[/dim]", highlight=False)
    if one.measures:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2))
        table.add_column("what", overflow="fold")
        for name in ("expected", "found", "right", "recall", "precision"):
            table.add_column(name, justify="right", no_wrap=True)
        for measure in one.measures:
            what = measure.what if measure.exact else f"{measure.what} (no exact answer)"
            counts = map(str, (measure.expected, measure.found, measure.right))
            table.add_row(what, *counts, measure.recall, measure.precision, style=_style(measure))
        console.print(table)
    for measure in one.measures:
        for reason, count in measure.why_not.items():
            console.print(f"    why not: {count} × {reason}", highlight=False)
        for example in measure.examples:
            console.print(f"        {example}", highlight=False, markup=False)
    for name, value in one.facts.items():
        console.print(f"    {name}: {value}", highlight=False, markup=False)
    for note in one.notes:
        console.print(f"    note: {note}", highlight=False, markup=False)
    console.print()


def _style(measure: Measure) -> str:
    if measure.complete:
        return "green"
    return "red" if measure.exact else ""
