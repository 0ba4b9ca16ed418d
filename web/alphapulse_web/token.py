"""The file that holds the bearer token."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from alphapulse.errors import ConfigError

SETTING = "web.token_file"
TOKEN_BYTES = 32
LEAST_CHARACTERS = 43
"""256 bits in base64."""
MOST_CHARACTERS = 512


def bearer_token(path: Path) -> str:
    """The token in `path`; the file is made with a fresh one (256 bits, mode 0600) if it is missing.

    Blocking; called once at start. The value is never logged. Raises ConfigError if others can read the file, if it
    belongs to somebody else, or if the token is too short to be a secret.
    """
    try:
        return read_token(path)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return read_token(path)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(TOKEN_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return read_token(path)


def read_token(path: Path) -> str:
    """The token in an existing file. Raises ConfigError as `bearer_token` does, FileNotFoundError if there is none."""
    try:
        # Not blocking, so that a pipe in its place cannot hold the start up.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(SETTING, f"expected a readable file that is no link, found: {error.strerror}") from error
    try:
        check_file(os.fstat(descriptor))
        text = os.read(descriptor, MOST_CHARACTERS + 2).decode("ascii", "replace").strip()
    finally:
        os.close(descriptor)
    if not LEAST_CHARACTERS <= len(text) <= MOST_CHARACTERS or not text.isascii() or not text.isprintable():
        raise ConfigError(
            SETTING,
            f"expected {LEAST_CHARACTERS} to {MOST_CHARACTERS} printable ASCII characters, found {len(text)} that do "
            "not fit; delete the file to have a new token made",
        )
    return text


def check_file(status: os.stat_result) -> None:
    """Raises ConfigError unless the file is a plain one, belongs to this user or root, and nobody else can read it."""
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(SETTING, "expected a regular file, found something else; name another path")
    if status.st_uid not in {os.geteuid(), 0}:
        raise ConfigError(SETTING, f"expected a file of this user, found owner {status.st_uid}; change the owner")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise ConfigError(SETTING, f"expected mode 0600, found {mode:04o}; run chmod 600, consider a new token")
