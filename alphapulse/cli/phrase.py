"""The phrase that a person types to trade for real."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import trio

MOST_CHARACTERS = 4_096


async def ask_phrase(file: Path | None, wanted: str) -> str | None:
    """What stands in the file, or is typed on the terminal; None if there is neither.

    Whoever is asked sees what to type: the phrase is no secret, it is what he means.
    """
    if file is not None:
        try:
            return (await trio.Path(file).read_text("utf-8"))[:MOST_CHARACTERS]
        except (OSError, UnicodeDecodeError) as error:
            click.echo(f"alphapulsed: the phrase in {file} cannot be read: {error}", err=True)
            return None
    if not sys.stdin.isatty():
        return None
    click.echo(f"To trade with real money, type: {wanted}", err=True)
    return await trio.to_thread.run_sync(sys.stdin.readline, MOST_CHARACTERS, abandon_on_cancel=True)
