"""The same pipeline in one process and in four: over Unix sockets, TCP with TLS, and a NATS server where one is found.

The time of a decision runs from the moment at which the collector has the block's frames to the gate's verdict, as the
journal tells it: two wall clocks of one machine. Everything is started by `alphapulse up`'s own launcher.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import attrs
import trustme

from alphapulse.cli.launcher import Launcher
from alphapulse.cli.process_file import read_process
from alphapulse.cli.topology import launcher_of
from alphapulse.data.execution import RiskDecision
from alphapulse.data.runs import RunEnded, RunStarted
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.journal.journal_file import read_records
from benchmarks.day import Day
from benchmarks.figures import Budget, Figure

COPIES = 2
ROUNDS = 3
NS_PER_S = 1_000_000_000
BUDGET = Budget(5, at_least=True)
"""Of Unix links against one process; the design's own."""

PATIENCE_S = 300
RELAYS = ("market_data", "signals", "execution")
CONFIG = """
[web]
enabled = false
[collectors.day]
kind = "recorded"
logs = ["{logs}"]
pools = "package:demo/uniswap_v3_day/pools.json"
speed = 0
at_end = "stop"
[strategies.flash_arbitrage]
base_tokens = ["0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"]
[limits]
max_input_age_s = 10_000_000
max_signal_age_s = 86_400
"""
SERVICES = """
[topology.services]
execution = ["execution"]
strategy = ["strategies.flash_arbitrage"]
collector = ["collectors.day"]
"""


@attrs.frozen
class Outcome:
    """One replay: what its journal tells."""

    p50_us: float
    p99_us: float
    logs_per_s: float


def measure(day: Day) -> list[Figure]:
    """Decisions and throughput over each medium, and how much one process is faster than several over Unix."""
    with tempfile.TemporaryDirectory(prefix="ap") as text, _nats_server(Path(text)) as nats:
        folder = Path(text)
        logs = day.write_copies(folder / "copies.jsonl.gz", COPIES)
        media: dict[str, Callable[[Path], str]] = {"one process": lambda _: "", "Unix": _unix, "TCP with TLS": _tcp}
        if nats is not None:
            media["NATS"] = lambda _: _topology([f"nats://127.0.0.1:{nats}"] * len(RELAYS), served=False)
        found = {
            medium: [_replay(folder / f"{medium[:4].strip()}{number}", logs, write) for number in range(ROUNDS)]
            for medium, write in media.items()
        }
    figures = [figure for medium, outcomes in found.items() for figure in _figures(medium, outcomes)]
    ratios = tuple(many.p50_us / one.p50_us for one, many in zip(found["one process"], found["Unix"], strict=True))
    return [*figures, Figure("decision over Unix against one process, p50", "times", ratios, BUDGET)]


def _figures(medium: str, outcomes: Sequence[Outcome]) -> Iterator[Figure]:
    yield Figure(f"frames to verdict, {medium}, p50", "µs", tuple(one.p50_us for one in outcomes))
    yield Figure(f"frames to verdict, {medium}, p99", "µs", tuple(one.p99_us for one in outcomes))
    yield Figure(f"replay, {medium}", "logs/s", tuple(one.logs_per_s for one in outcomes))


def _replay(folder: Path, logs: int, write: Callable[[Path], str]) -> Outcome:
    folder.mkdir(mode=0o700)
    config = folder / "config.toml"
    config.write_text(CONFIG.format(logs=folder.parent / "copies.jsonl.gz") + write(folder))
    launcher = launcher_of(config)
    for service in launcher.services:
        launcher.start(service)
    _wait_ended(launcher)
    return _outcome(folder / "data" / "paper.journal", logs)


def _wait_ended(launcher: Launcher) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        processes = [read_process(launcher.data_folder, service) for service in launcher.services]
        states = {process.shown_state if process is not None else "" for process in processes}
        if states == {"ended"}:
            return
        if time.monotonic() > deadline or "failed" in states or "died" in states:
            raise RuntimeError(f"expected a replay to its end, found {states}: see {launcher.data_folder}/logs")
        time.sleep(0.1)


def _outcome(journal: Path, logs: int) -> Outcome:
    received: dict[int, int] = {}
    times_us: list[float] = []
    began_ns = ended_ns = 0
    for _, record in read_records(journal):
        match record:
            case ArbitrageSignal():
                received[record.signal_id] = record.received_ns
            case RiskDecision():
                times_us.append((record.decided_ns - received[record.signal_id]) / 1_000)
            case RunStarted():
                began_ns = record.started_ns
            case RunEnded():
                ended_ns = record.ended_ns
    if not times_us:
        raise RuntimeError(f"expected decisions in {journal}, found none: the measurement would lie")
    return Outcome(median(times_us), quantiles(times_us, n=100)[98], logs * NS_PER_S / (ended_ns - began_ns))


def _unix(folder: Path) -> str:
    return _topology([f"unix:run/{relay}.sock" for relay in RELAYS], served=True)


def _tcp(folder: Path) -> str:
    authority, tls = trustme.CA(), folder / "tls"
    tls.mkdir()
    authority.cert_pem.write_to_path(tls / "ca.pem")
    for service in ("relays", "execution", "strategy", "collector"):
        certificate = authority.issue_cert(service)
        certificate.cert_chain_pems[0].write_to_path(tls / f"{service}.pem")
        certificate.private_key_pem.write_to_path(tls / f"{service}.key")
        (tls / f"{service}.key").chmod(0o600)
    return _topology([f"tcp:127.0.0.1:{_free_port()}" for _ in RELAYS], served=True)


def _topology(addresses: Sequence[str], *, served: bool) -> str:
    places = ", ".join(f'"relays.{relay}"' for relay in RELAYS)
    rows = [f'{relay} = {{ address = "{address}" }}' for relay, address in zip(RELAYS, addresses, strict=True)]
    return "\n".join([SERVICES, *([f"relays = [{places}]"] if served else []), "[topology.relays]", *rows, ""])


@contextmanager
def _nats_server(folder: Path) -> Iterator[int | None]:
    """The port of a server of our own; None where none is found."""
    binary = shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if binary is None:
        yield None
        return
    port = _free_port()
    server = subprocess.Popen(  # noqa: S603 - found on PATH, as an operator's is
        [binary, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder / "store")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield port
    finally:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
