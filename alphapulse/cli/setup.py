"""Which configuration a command uses, and how it fails."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib.resources import files
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from alphapulse.config import Config, load_config
from alphapulse.data.limits import apply_limits, read_limits
from alphapulse.errors import AlphaPulseError, ConfigError, PoolFileError

P = ParamSpec("P")
T = TypeVar("T")

EXIT_FAILED = 1
EXIT_CONFIG = 78
"""EX_CONFIG of sysexits: a service manager does not restart what a restart cannot mend."""

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="Configuration file. Default: ./config.toml, else the one that ships with the package.",
)


def read_config(path: Path | None) -> Config:
    """The configuration at `path`; without one ./config.toml, else the packaged default with data in the user's folder.

    Raises:
        ConfigError: as `load_config`.
    """
    found = config_file(path)
    return packaged_config() if found is None else load_config(found)


def config_file(path: Path | None) -> Path | None:
    """The file that `read_config` reads, by its full name; None for the packaged default."""
    if path is not None:
        return path.absolute()
    local = Path("config.toml")
    return local.absolute() if local.is_file() else None


def packaged_config() -> Config:
    """The default that ships inside the package; its relative files, the data folder too, lie in `data_home()`."""
    resource = files("alphapulse").joinpath("default_config.toml")
    if not resource.is_file():
        raise ConfigError("", "expected a config.toml here or --config FILE; this checkout has no packaged default")
    return load_config(Path(str(resource)), folder=data_home())


def data_home() -> Path:
    """`$XDG_DATA_HOME/alphapulse`, by default `~/.local/share/alphapulse`."""
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "alphapulse"


def reports_errors(command: Callable[P, T]) -> Callable[P, T]:
    """Errors raised on purpose end a command with one clear line and an exit code, not with a traceback.

    The first that can occur is a wrong `ALPHAPULSE_MAX_…` variable: the limits hold before the command runs.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            apply_limits(read_limits(os.environ))
            return command(*args, **kwargs)
        except ConfigError as error:
            click.echo(f"alphapulse: configuration: {error}", err=True)
            sys.exit(EXIT_CONFIG)
        except PoolFileError as error:
            click.echo(f"alphapulse: pool file: {error}", err=True)
            sys.exit(EXIT_CONFIG)
        except AlphaPulseError as error:
            click.echo(f"alphapulse: {error}", err=True)
            sys.exit(EXIT_FAILED)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            click.echo(f"alphapulse: {error.strerror}: the command's output is not complete", err=True)
            # Python writes at its end what is still held back, and would complain once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.exit(EXIT_FAILED)

    return run
