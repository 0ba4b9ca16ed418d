"""Text of others on a terminal: what could move its cursor, or hide something, is shown escaped."""

from __future__ import annotations

import click


def printable(text: str) -> str:
    """The text as one line in which nothing is hidden."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def tell(line: str, *, err: bool = False) -> None:
    """Print one line that holds words of others, such as the reason of a halt."""
    click.echo(printable(line), err=err)
