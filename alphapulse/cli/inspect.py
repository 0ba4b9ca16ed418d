"""`alphapulse inspect`: what stands in a capture, a journal or a piece of hex, field by field."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console

from alphapulse.cli.frame_text import frame_lines
from alphapulse.cli.hex_argument import read_hex
from alphapulse.cli.setup import EXIT_FAILED, reports_errors
from alphapulse.errors import ProtocolError
from alphapulse.journal.frame_file import FrameFile, Piece
from alphapulse.rules.wire.inspection import FrameView, frame_json_text, inspect_frame

FOLLOW_INTERVAL_S = 0.2

Show = Callable[[FrameView, int], None]
"""Prints a frame that begins at that byte of the file."""


@click.command(name="inspect")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--hex", "hex_text", help="One frame as hex; spaces, line ends and 0x may stand in it.")
@click.option("--follow", is_flag=True, help="Go on as the file grows, until Ctrl-C.")
@click.option("--skip", type=click.IntRange(min=0), default=0, help="Leave out that many frames of the file.")
@click.option("--limit", type=click.IntRange(min=0), help="Show at most that many frames of the file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a frame, each on its line.")
@reports_errors
def inspect(file: Path | None, hex_text: str | None, follow: bool, skip: int, limit: int | None, as_json: bool) -> None:
    """Show what stands in FILE (a capture, a journal) or in a frame given as hex.

    The exit code is 1 if anything is wrong with what was shown.
    """
    if (file is None) == (hex_text is None):
        raise click.UsageError("expected either a FILE or --hex, and not both")
    if file is None and (follow or skip or limit is not None):
        raise click.UsageError("--follow, --skip and --limit are for a FILE")
    if file is not None and not file.is_file():
        raise click.UsageError(f"expected a file on a disk, found {file}, such as a pipe: write it to a file first")
    show = _show_json if as_json else _text_printer()
    sound = _show_file(file, show, follow, skip, limit) if file is not None else _show_hex(hex_text or "", show)
    if not sound:
        sys.exit(EXIT_FAILED)


def _show_hex(text: str, show: Show) -> bool:
    """True if the text is one sound frame."""
    try:
        view = inspect_frame(read_hex(text))
    except ProtocolError as error:
        view = FrameView((), (), error)
    show(view, 0)
    return view.error is None


def _show_file(path: Path, show: Show, follow: bool, skip: int, limit: int | None) -> bool:
    """True if all that was shown is sound."""
    sound = True
    with path.open("rb") as file:
        pieces = follow_pieces(file, _wait) if follow else FrameFile(file).pieces()
        try:
            for piece in islice(pieces, skip, None if limit is None else skip + limit):
                view = inspect_frame(piece.data)
                sound = sound and view.error is None
                show(view, piece.offset)
        except KeyboardInterrupt:
            pass  # how --follow ends
    return sound


def follow_pieces(file: BinaryIO, wait: Callable[[], None]) -> Iterator[Piece]:
    """The pieces of a file that somebody writes; `wait` is called whenever all that is there was handed over."""
    frames = FrameFile(file)
    while True:
        yield from frames.pieces(growing=True)
        wait()


def _wait() -> None:
    time.sleep(FOLLOW_INTERVAL_S)


def _show_json(view: FrameView, base: int) -> None:
    for text in frame_json_text(view, base):
        click.echo(text, nl=False)
    click.echo()


def _text_printer() -> Show:
    console = Console(highlight=False, soft_wrap=True)

    def show(view: FrameView, base: int) -> None:
        for line in frame_lines(view, base):
            console.print(line)

    return show
