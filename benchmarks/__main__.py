"""`python -m benchmarks [GROUP …] [--json]`: measure, and compare with the budgets."""

from __future__ import annotations

import json
from collections.abc import Callable
from time import perf_counter

import click

from benchmarks import (
    chain,
    decoding,
    execution,
    journalling,
    links,
    nats,
    nodes,
    pipeline,
    pools,
    replaying,
    running,
    signing,
    solving,
    topology,
    wire,
)
from benchmarks.day import Day
from benchmarks.figures import Figure
from benchmarks.machine import describe_machine

GROUPS: dict[str, Callable[[Day], list[Figure]]] = {
    "decoding": decoding.measure,
    "pipeline": pipeline.measure,
    "replaying": replaying.measure,
    "solving": solving.measure,
    "pools": pools.measure,
    "journalling": journalling.measure,
    "wire": wire.measure,
    "links": links.measure,
    "nats": nats.measure,
    "nodes": nodes.measure,
    "chain": chain.measure,
    "signing": signing.measure,
    "execution": execution.measure,
    "topology": topology.measure,
    "running": running.measure,
}
ROW = "{:<56} {:>10}  {:>21}  {:<6} {:>9}  {}"


@click.command()
@click.argument("groups", nargs=-1, type=click.Choice(list(GROUPS)))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def main(groups: tuple[str, ...], as_json: bool) -> None:
    """Measure the GROUPS, by default all of them, and compare with the budgets of ARCHITECTURE.md."""
    machine, began, day = describe_machine(), perf_counter(), Day()
    if not as_json:
        for name, text in machine.items():
            click.echo(f"{name:<12} {text}")
        click.echo("\n" + ROW.format("what", "median", "min … max", "unit", "budget", "verdict"))
    figures: list[Figure] = []
    for group in groups or GROUPS:
        for figure in GROUPS[group](day):
            figures.append(figure)
            if not as_json:
                click.echo(row(figure))
    if as_json:
        click.echo(json.dumps({"machine": machine, "figures": [figure.as_json() for figure in figures]}, indent=1))
    else:
        click.echo(
            f"\nMedians of {len(figures[0].rounds)} rounds, memory of 3 processes; {perf_counter() - began:.0f} s"
        )


def row(figure: Figure) -> str:
    """The line of a figure in the table."""
    spread = f"{digits(min(figure.rounds))} … {digits(max(figure.rounds))}"
    budget = str(figure.budget) if figure.budget else "-"
    return ROW.format(figure.name, digits(figure.median), spread, figure.unit, budget, figure.verdict)


def digits(value: float) -> str:
    """A value with three digits that count, large ones whole."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.2g}"


main()
