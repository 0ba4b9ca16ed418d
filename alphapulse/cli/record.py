"""`alphapulse record`: recordings of JSON lines made into a capture."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import attrs
import click

from alphapulse.cli.setup import config_option, read_config, reports_errors
from alphapulse.collectors.recorded.recording import Recording
from alphapulse.composition.terms import recorded_collector, recording_paths
from alphapulse.config import Config
from alphapulse.data.wire import NAME
from alphapulse.errors import CaptureError
from alphapulse.journal.capture import Capture
from alphapulse.journal.capture_file import CapturedInput
from alphapulse.safety.clipped import clipped

RECEIVED_UNKNOWN_NS = 0
"""JSON lines do not tell when a node's frame was received."""


@attrs.frozen
class Recorded:
    """What was written, and what was left out because it is no log, by reason."""

    inputs: int
    size_bytes: int
    refused: dict[str, int]


@click.command()
@config_option
@click.option(
    "--output", required=True, type=click.Path(path_type=Path), help="The capture; a file that is not there yet."
)
@click.option(
    "--from",
    "sources",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A recording of JSON lines or a capture; may be given several times. Default: the configured collector's.",
)
@reports_errors
def record(config_path: Path | None, output: Path, sources: tuple[Path, ...]) -> None:
    """Write the logs of recordings into one capture, in chain order, as the frames in which a node would send them."""
    name = clipped(sources[0].name.split(".")[0], NAME.limit) if sources else ""
    if not sources:
        name, sources = _configured(read_config(config_path))
    written = write_capture(sources, output, name)
    click.echo(f"{output}: {written.inputs} inputs, {written.size_bytes} bytes")
    for reason, count in sorted(written.refused.items()):
        click.echo(f"left out: {count} that hold no log ({reason})", err=True)


def write_capture(sources: Sequence[Path], output: Path, name: str) -> Recorded:
    """A new capture at `output` of everything in `sources`, received by `name`.

    Raises:
        CaptureError: `output` is there already, or cannot be written.
        RecordingError: a source cannot be opened or, behind what was written, is damaged.
    """
    if output.exists():
        raise CaptureError(f"expected a new file, found that {output} is there; name another, or move it away")
    recording = Recording(sources)
    with closing(Capture.open(output, now_ns=time.time_ns)) as capture:
        for block in recording.blocks():
            capture.write(CapturedInput(name, RECEIVED_UNKNOWN_NS, frame) for frame in block.frames)
        position = capture.position
    return Recorded(position.inputs, position.size_bytes, dict(recording.refused))


def _configured(config: Config) -> tuple[str, tuple[Path, ...]]:
    name, section = recorded_collector(config)
    return name, recording_paths(name, section, config)
