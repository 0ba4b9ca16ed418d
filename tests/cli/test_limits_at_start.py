"""The limits of lists are taken from the environment before a command does anything."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from alphapulse.cli.daemon import main as alphapulsed
from alphapulse.cli.main import main as alphapulse
from alphapulse.cli.setup import EXIT_CONFIG, reports_errors
from alphapulse.data.limits import BOUNDS, Limits, apply_limits


@pytest.fixture(autouse=True)
def _limits_as_before() -> Iterator[None]:
    yield
    apply_limits(Limits())


@click.command()
@reports_errors
def show_limits() -> None:
    click.echo(" ".join(str(bound.limit) for bound in BOUNDS))


def test_a_command_runs_under_the_limits_of_its_environment() -> None:
    variables = {"ALPHAPULSE_MAX_ORDER_LEVELS": "75", "ALPHAPULSE_MAX_POOL_TOKENS": "16"}
    result = CliRunner().invoke(show_limits, env=variables)
    assert (result.exit_code, result.output) == (0, "75 16 16\n")


@pytest.mark.parametrize(("command", "arguments"), [(alphapulsed, []), (alphapulse, ["status"])])
def test_a_wrong_limit_refuses_the_start(command: click.Command, arguments: list[str]) -> None:
    result = CliRunner().invoke(command, arguments, env={"ALPHAPULSE_MAX_ORDER_LEVELS": "5000"})
    assert result.exit_code == EXIT_CONFIG
    assert result.output == (
        "alphapulse: configuration: ALPHAPULSE_MAX_ORDER_LEVELS: expected a whole number from 1 to 1637, "
        "was '5000'; unset it for 50\n"
    )
