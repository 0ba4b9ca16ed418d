"""`alphapulse up | down | restart | logs`: the processes of a topology on this machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import click

from alphapulse.cli.launcher import Launcher, last_lines
from alphapulse.cli.process_file import WHOLE, ProcessFile, log_path, read_process
from alphapulse.cli.setup import EXIT_FAILED, config_file, config_option, read_config, reports_errors
from alphapulse.composition.topology_terms import read_topology
from alphapulse.config import Config
from alphapulse.errors import LaunchError

FOLLOW_S = 0.2
FAILURE_LINES = 10
"""Lines of a log that are shown of a process that failed."""

service_argument = click.argument("service", required=False)


@click.command()
@config_option
@reports_errors
def up(config_path: Path | None) -> None:
    """Start the processes of the configuration's topology in order, each once the one before is ready.

    What runs already is left alone. If one fails, those that were started here are stopped again.
    """
    launcher = launcher_of(config_path)
    begun: list[str] = []
    with launcher.alone():
        for service in launcher.services:
            if (process := launcher.running(service)) is not None:
                click.echo(f"{service:<{_width(launcher)}}  runs already, process {process.pid}")
                continue
            try:
                process = launcher.start(service)
            except LaunchError as error:
                _tell_failure(launcher, service, error)
                _stop(launcher, begun)
                sys.exit(EXIT_FAILED)
            begun.append(service)
            click.echo(f"{service:<{_width(launcher)}}  {process.state}, process {process.pid}")


@click.command()
@config_option
@reports_errors
def down(config_path: Path | None) -> None:
    """Stop the processes of the topology, each in its own stages, in the opposite order of their start."""
    launcher = launcher_of(config_path)
    with launcher.alone():
        _stop(launcher, launcher.services)


@click.command()
@config_option
@click.argument("service")
@reports_errors
def restart(config_path: Path | None, service: str) -> None:
    """Stop the process SERVICE and start it again; the others run on and find it again."""
    launcher = launcher_of(config_path, service)
    with launcher.alone():
        _stop(launcher, [service])
        try:
            process = launcher.start(service)
        except LaunchError as error:
            _tell_failure(launcher, service, error)
            sys.exit(EXIT_FAILED)
        click.echo(f"{service:<{_width(launcher)}}  {process.state}, process {process.pid}")


@click.command()
@config_option
@service_argument
@click.option("-f", "--follow", is_flag=True, help="Go on as the logs grow, until Ctrl-C.")
@click.option(
    "-n", "count", type=click.IntRange(min=0), default=20, show_default=True, help="Lines of each to begin with."
)
@reports_errors
def logs(config_path: Path | None, service: str | None, follow: bool, count: int) -> None:
    """Show what the processes have logged, or SERVICE alone."""
    launcher = launcher_of(config_path, service)
    chosen = launcher.services if service is None else (service,)
    paths = {name: log_path(launcher.data_folder, name) for name in chosen}
    if not follow and not any(path.exists() for path in paths.values()):
        raise click.ClickException(f"expected logs in {launcher.data_folder}, found none; start with `alphapulse up`")
    width = _width(launcher) if len(chosen) > 1 else 0
    ends = {name: path.stat().st_size for name, path in paths.items() if path.exists()}
    for name, path in paths.items():
        _echo(name, last_lines(path, count, ends.get(name)), width)
    if follow:
        with suppress(KeyboardInterrupt):  # how --follow ends
            _follow(paths, ends, width)


def launcher_of(config_path: Path | None, service: str | None = None) -> Launcher:
    """The processes of a configuration. Raises ConfigError if it is wrong, UsageError if it has no such `service`."""
    config = read_config(config_path)
    launcher = Launcher(config_file(config_path), config.data_folder, services_of(config))
    if service is not None and service not in launcher.services:
        raise click.UsageError(f"expected a process of the topology ({', '.join(launcher.services)}), was {service!r}")
    return launcher


def services_of(config: Config) -> tuple[str, ...]:
    """The names of the processes in the order of their start; one if there is no topology."""
    topology = read_topology(config)
    return (WHOLE,) if topology is None else tuple(one.service for one in topology.in_order())


def processes_of(config: Config) -> dict[str, ProcessFile | None]:
    """What each process of the configuration last said, None if it was never started."""
    return {service: read_process(config.data_folder, service) for service in services_of(config)}


def process_lines(config: Config, processes: Mapping[str, ProcessFile | None]) -> Iterator[str]:
    """A line for each process: its name, state, number and since when; the end of its log if it failed."""
    width = max(map(len, processes), default=0)
    for service, process in processes.items():
        if process is None:
            yield f"{service:<{width}}  not started"
            continue
        yield f"{service:<{width}}  {process.shown_state:<8}  {_whence(process)}"
        if process.shown_state in ("died", "failed"):
            for line in last_lines(log_path(config.data_folder, service), FAILURE_LINES):
                yield f"{'':<{width}}  | {line}"


def services_json(processes: Mapping[str, ProcessFile | None]) -> dict[str, Any]:
    """The same for programs: nothing if there is no topology."""
    return {"services": [_process_json(*one) for one in processes.items()]} if processes else {}


def _process_json(service: str, process: ProcessFile | None) -> dict[str, Any]:
    if process is None:
        return {"service": service, "state": "not started"}
    since = str(process.since_ns)
    told = {"pid": process.pid, "since_ns": since, "reason": process.reason}
    return {"service": service, "state": process.shown_state, **told}


def _whence(process: ProcessFile) -> str:
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(process.since_ns // 1_000_000_000))
    reason = f": {process.reason}" if process.reason else ""
    return f"process {process.pid:<7}  since {since}{reason}"


def _stop(launcher: Launcher, services: Iterable[str]) -> None:
    for service in reversed(list(services)):
        click.echo(f"{service:<{_width(launcher)}}  {launcher.stop(service)}")


def _tell_failure(launcher: Launcher, service: str, error: LaunchError) -> None:
    click.echo(f"alphapulse: {error}", err=True)
    for line in last_lines(log_path(launcher.data_folder, service), FAILURE_LINES):
        click.echo(f"  | {line}", err=True)


def _width(launcher: Launcher) -> int:
    return max(map(len, launcher.services))


def _echo(name: str, lines: Iterable[str], width: int) -> None:
    for line in lines:
        click.echo(f"{name:<{width}} | {line}" if width else line)


def _follow(paths: dict[str, Path], ends: dict[str, int], width: int) -> None:
    """Print what is written behind `ends`; a log that is set aside or not there yet is opened when it comes."""
    files: dict[str, BinaryIO] = {}
    rests: dict[str, bytes] = {}
    for name, end in ends.items():
        files[name] = paths[name].open("rb")
        files[name].seek(end)
    while True:
        for name, path in paths.items():
            if name not in files and path.exists():
                files[name] = path.open("rb")
            if name in files:
                *lines, rests[name] = (rests.get(name, b"") + files[name].read()).split(b"\n")
                _echo(name, (line.decode("utf-8", "replace") for line in lines), width)
                if _set_aside(files[name], path):
                    files.pop(name).close()
        sys.stdout.flush()
        time.sleep(FOLLOW_S)


def _set_aside(file: BinaryIO, path: Path) -> bool:
    """True if the file is no longer the one at `path`."""
    try:
        return not path.samefile(f"/proc/self/fd/{file.fileno()}")
    except FileNotFoundError:
        return True
