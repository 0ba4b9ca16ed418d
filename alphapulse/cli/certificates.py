"""`alphapulse certificates`: a private authority and the certificates of a topology's processes."""

from __future__ import annotations

from pathlib import Path

import click

from alphapulse.cli.certificate_files import make_certificates
from alphapulse.cli.setup import reports_errors


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("names", nargs=-1, required=True)
@reports_errors
def certificates(folder: Path, names: tuple[str, ...]) -> None:
    """Make a certificate and a key in FOLDER for each of NAMES, the processes of a topology that speak TCP.

    The authority in FOLDER signs them; it is made if there is none. Nothing that exists is overwritten.
    """
    for path in make_certificates(folder, names):
        click.echo(f"made {path}")
