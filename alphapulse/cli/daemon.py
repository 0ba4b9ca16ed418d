"""`alphapulsed`: the daemon itself."""

from __future__ import annotations

from pathlib import Path

import click

from alphapulse import __version__
from alphapulse.cli.core_dumps import forbid_core_dumps
from alphapulse.cli.setup import config_option, reports_errors
from alphapulse.nursery.os_signals import hold_user_signals
from alphapulse.observe.logs import configure_logs, mask_last_words


@click.command()
@config_option
@click.option(
    "--service", metavar="NAME", help="Run that process of [topology] alone. Default: everything in this one."
)
@click.option("--live", is_flag=True, help="Trade for real, if all else that it needs is there too.")
@click.option(
    "--phrase-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File with the phrase that --live asks for. Default: it is typed on the terminal.",
)
@click.version_option(__version__, prog_name="alphapulsed")
@reports_errors
def main(config_path: Path | None, service: str | None, live: bool, phrase_file: Path | None) -> None:
    """Run AlphaPulse until SIGTERM or SIGINT. A second signal ends it at once; SIGUSR1 halts trading.

    SIGUSR2 writes down where every task stands.
    """
    hold_user_signals()
    # Not before: libraries start threads when they are read, and a thread that does not hold them would be ended by
    # the signals, and the process with it.
    from alphapulse.cli.serving import run  # noqa: PLC0415

    forbid_core_dumps()
    configure_logs()
    mask_last_words()
    run(config_path, service, live=live, phrase_file=phrase_file)


if __name__ == "__main__":
    main()
