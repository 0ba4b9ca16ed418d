"""JetStream by our client, against a `nats-server` that is started for it; no figures where none is found.

200 bytes are about what a swap takes, 64 KiB what a link puts into one message when much waits.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from random import Random

import trio

from alphapulse.errors import ConnectFailed
from alphapulse.transport.address import NatsAddress
from alphapulse.transport.jetstream import JetStream, StreamSettings
from alphapulse.transport.jetstream_consumer import StreamConsumer, open_consumer
from alphapulse.transport.nats_connection import NatsConnection
from alphapulse.transport.nats_login import connect_nats
from benchmarks.day import Day
from benchmarks.figures import ROUNDS, Figure

SIZES = {"200 B": 200, "64 KiB": 65_536}
MESSAGES = 500
AT_ONCE = 256
SUBJECT = "bench.data"
SETTINGS = StreamSettings("bench", (SUBJECT,), max_age_s=3_600, max_bytes=1_073_741_824)
START_LOOKS = 200
LOOK_S = 0.05


def measure(_: Day) -> list[Figure]:
    """Publishing until stored, and reading with acknowledgement."""
    binary = shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if binary is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        ports = Path(folder) / "ports"
        ports.mkdir()
        server = subprocess.Popen(  # noqa: S603 - found on PATH, as an operator's is
            [binary, "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", folder, "--ports_file_dir", str(ports)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return trio.run(_measured, ports)
        finally:
            server.kill()
            server.wait()


async def _measured(ports: Path) -> list[Figure]:
    connection = await _connected(ports)
    figures: list[Figure] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.run)
        streams = JetStream(connection)
        for words, size in SIZES.items():
            await streams.ensure_stream(SETTINGS)
            consumer = await open_consumer(streams, SETTINGS.name, durable="bench")
            stored, at_once, read = [], [], []
            for number in range(ROUNDS):
                stored.append(await _one_at_a_time(streams, bytes(size), f"one {words} {number}"))
                at_once.append(await _at_once(streams, bytes(size), f"many {words} {number}"))
                read.append(await _read(consumer, 2 * MESSAGES))
            figures += [
                Figure(f"{words}: published until stored, median", "µs", tuple(stored)),
                Figure(f"{words}: {AT_ONCE} published at once", "1/s", tuple(at_once)),
                Figure(f"{words}: read and acknowledged", "1/s", tuple(read)),
            ]
            consumer.close()
            await streams.remove_stream(SETTINGS.name)
        nursery.cancel_scope.cancel()
    return figures


async def _connected(ports: Path) -> NatsConnection:
    for _ in range(START_LOOKS):
        if (port := _port(ports)) is not None:
            random = Random(1)  # noqa: S311 - names an inbox
            return await connect_nats(NatsAddress("127.0.0.1", port), name="bench", random=random)
        await trio.sleep(LOOK_S)
    raise ConnectFailed(f"nats-server has not started within {START_LOOKS * LOOK_S:g} s")


def _port(ports: Path) -> int | None:
    """The free port that the server took, once it has said so."""
    written = [path.read_text() for path in ports.glob("*.ports")]
    if not written or not written[0].strip():
        return None
    return int(written[0].split('"nats"')[1].split(":")[3].split('"')[0])


async def _one_at_a_time(streams: JetStream, data: bytes, name: str) -> float:
    took = []
    for number in range(MESSAGES):
        start = time.perf_counter_ns()
        await streams.publish(SUBJECT, data, message_id=f"{name} {number}")
        took.append(time.perf_counter_ns() - start)
    return sorted(took)[MESSAGES // 2] / 1_000


async def _at_once(streams: JetStream, data: bytes, name: str) -> float:
    numbers = iter(range(MESSAGES))

    async def publish() -> None:
        for number in numbers:
            await streams.publish(SUBJECT, data, message_id=f"{name} {number}")

    start = time.perf_counter_ns()
    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            nursery.start_soon(publish)
    return MESSAGES * 1e9 / (time.perf_counter_ns() - start)


async def _read(consumer: StreamConsumer, count: int) -> float:
    start = time.perf_counter_ns()
    left = count
    while left:
        for delivery in await consumer.receive():
            consumer.acknowledge(delivery)
            left -= 1
    return count * 1e9 / (time.perf_counter_ns() - start)
