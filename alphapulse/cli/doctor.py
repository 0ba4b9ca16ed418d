"""`alphapulse doctor`: what this installation is, and in which state its files are."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from alphapulse import __version__
from alphapulse.cli.control_file import read_control_file
from alphapulse.cli.setup import EXIT_FAILED, config_option, read_config, reports_errors
from alphapulse.composition.environment import DataPaths
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.data.execution import Mode
from alphapulse.data.registry import MESSAGES
from alphapulse.rules.arbitrage import trade_core
from alphapulse.rules.events import swap_core
from alphapulse.rules.wire.codec import ABSENCE, CORE

LIBRARIES = ("trio", "trio-websocket", "attrs", "msgspec", "numpy", "quart", "hypercorn", "httpx", "SQLAlchemy")
GIB = 1 << 30


@click.command()
@config_option
@reports_errors
def doctor(config_path: Path | None) -> None:
    """Say which codec is active, which versions run, what the data folder holds, and how keys and nodes are.

    Nodes are asked and listened to until their next block. Where there are wallets, their keys are opened, and clock,
    contracts, balances, limits and disk are looked at. Ends with 1 if something is not well.
    """
    for name, text in installation():
        _tell(name, text)
    config = read_config(config_path)
    for name, text in data_state(config.data_folder):
        _tell(name, text)
    wells = [*_tell_nodes(config), *_tell_wallets(config)]
    if not all(wells):
        sys.exit(EXIT_FAILED)


def _tell_wallets(config: Config) -> Iterator[bool]:
    """Says whether each wallet's key is well, and what else trading for real needs."""
    if config.wallets:
        # Only who has keys needs what opens them.
        from alphapulse.cli.key_checks import key_findings, key_line  # noqa: PLC0415
        from alphapulse.cli.live_checks import live_lines  # noqa: PLC0415

        owners = {}
        for finding in key_findings(config):
            if finding.is_well and finding.address is not None:
                owners[finding.wallet] = finding.address
            yield _tell_finding(key_line(finding))
        yield from map(_tell_finding, live_lines(config, owners))


def _tell_nodes(config: Config) -> Iterator[bool]:
    """Says whether each node is well."""
    if any(isinstance(collector, EvmSection) for collector in config.collectors.values()):
        from alphapulse.cli.node_checks import node_lines  # noqa: PLC0415 - only who has nodes needs what asks them

        yield from map(_tell_finding, node_lines(config))


def _tell_finding(finding: tuple[str, str, bool]) -> bool:
    name, text, is_well = finding
    _tell(name, text)
    return is_well


def installation() -> Iterator[tuple[str, str]]:
    """Versions, and the codec in use."""
    yield "alphapulse", f"{__version__}, in {Path(__file__).parents[1]}"
    yield "python", f"{platform.python_implementation()} {platform.python_version()}, {platform.platform()}"
    yield "libraries", ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    yield "wire codec", codec_state()
    for name, part in (("swap logs", swap_core), ("sizing", trade_core)):
        yield name, _missing(part.ABSENCE) if part.CORE is None else "compiled core"


def codec_state() -> str:
    """Which codec serves, and which messages the compiled core leaves to pure Python."""
    if CORE is None:
        return _missing(ABSENCE)
    left = sorted(cls.__name__ for cls in MESSAGES.values() if cls not in CORE.served())
    known = f"compiled core, {len(MESSAGES) - len(left)} of {len(MESSAGES)} messages"
    return f"{known}; older than {', '.join(left)}: run `make core`" if left else known


def _missing(reason: str) -> str:
    return f"pure Python; the compiled core is missing, `make core` builds it ({reason})"


def data_state(folder: Path) -> Iterator[tuple[str, str]]:
    """What the data folder holds, and whether a daemon runs on it."""
    if not folder.is_dir():
        yield "data folder", f"{folder}: not there yet, the first start makes it"
        return
    writable = "writable" if os.access(folder, os.W_OK | os.X_OK) else "NOT WRITABLE"
    yield "data folder", f"{folder}: {writable}, {shutil.disk_usage(folder).free // GIB} GiB free"
    control = read_control_file(folder)
    running = control is not None and control.is_running()
    yield "daemon", f"runs as process {control.pid}" if control is not None and running else "does not run"
    for mode in Mode:
        paths = DataPaths.in_folder(folder, mode)
        for path in (paths.journal, paths.ledger, paths.latch):
            if path.is_file():
                yield path.name, f"{path.stat().st_size:,} bytes"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


def _tell(name: str, text: str) -> None:
    click.echo(f"{name:<14} {text}")
