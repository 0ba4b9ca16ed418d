"""The file that holds the bearer token."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

from alphapulse.errors import ConfigError
from alphapulse.file_trust import open_secret_file
from alphapulse.secret import Secret

log = logging.getLogger(__name__)

SETTING = "web.token_file"
TOKEN_BYTES = 32
LEAST_CHARACTERS = 43
"""256 bits in base64."""
MOST_CHARACTERS = 512
LEAST_DIFFERENT = 10
"""Of 43 characters drawn from 64 some 31 differ; that fewer than 10 do is a sample value of somebody's page."""


def bearer_token(path: Path) -> Secret:
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
    log.info("the owner's key was made: it is in %s", path)
    return read_token(path)


def read_token(path: Path) -> Secret:
    """The token in an existing file. Raises ConfigError as `bearer_token` does, FileNotFoundError if there is none."""
    with os.fdopen(open_secret_file(path, SETTING), "rb") as file:
        text = file.read(MOST_CHARACTERS + 2).decode("ascii", "replace").strip()
    if not LEAST_CHARACTERS <= len(text) <= MOST_CHARACTERS or not text.isascii() or not text.isprintable():
        raise ConfigError(
            SETTING,
            f"expected {LEAST_CHARACTERS} to {MOST_CHARACTERS} printable ASCII characters, found {len(text)} that do "
            "not fit; delete the file to have a new token made",
        )
    if len(set(text)) < LEAST_DIFFERENT:
        raise ConfigError(SETTING, "expected a secret drawn by chance, found one of few characters; delete the file")
    return Secret(text)
