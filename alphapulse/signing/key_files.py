"""Files that hold keys and passwords: for their owner alone, written once and never over another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import attrs

from alphapulse.durable_file import sync_folder
from alphapulse.errors import ConfigError, KeystoreError
from alphapulse.file_trust import check_parent, open_secret_file
from alphapulse.secret import Secret
from alphapulse.signing.keystore import MOST_BYTES

MOST_PASSWORD = 1024
"""Bytes."""


@attrs.frozen
class PasswordSource:
    """Where a password stands: in a file with mode 0600, or in an environment variable."""

    file: Path | None = None
    env: str | None = None

    def __attrs_post_init__(self) -> None:
        if (self.file is None) == (self.env is None):
            raise ValueError("expected exactly one of a file and an environment variable")

    def read(self, environ: Mapping[str, str]) -> Secret:
        """The password: without the end of its line, if it is a file's. Blocking.

        Raises:
            ConfigError: there is none, or others can read the file.
        """
        if self.file is not None:
            return _password_in(self.file)
        if not (found := environ.get(self.env or "", "")):
            raise ConfigError("password", f"expected it in the environment variable {self.env}, found nothing; set it")
        return Secret(found)


def read_secret_file(path: Path, setting: str, most_bytes: int = MOST_BYTES) -> bytes:
    """All of a file that holds a secret. Blocking.

    Raises:
        ConfigError: it is not there, too long, or others can read or write it or replace it.
    """
    check_parent(path.absolute().parent, setting)
    try:
        descriptor = open_secret_file(path, setting)
    except FileNotFoundError:
        problem = f"{path}: expected a file, found none"
        raise ConfigError(setting, problem) from None
    except ConfigError as error:
        raise ConfigError(setting, f"{path}: {error}") from None
    with os.fdopen(descriptor, "rb") as opened:
        text = opened.read(most_bytes + 1)
    if len(text) > most_bytes:
        raise ConfigError(setting, f"{path}: expected at most {most_bytes} bytes, found more; name another file")
    return text


def write_secret_file(path: Path, text: bytes) -> None:
    """A new file with mode 0600, synced, in a folder that is made (0700) if it is missing. Blocking.

    Raises:
        KeystoreError: something is there already, or it cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise KeystoreError(f"{path}: expected no file, found one; name another, a key is never written over") from None
    except OSError as error:
        raise KeystoreError(f"{path}: expected to be able to write it, found: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise KeystoreError(f"{path}: expected to be able to write it, found: {error.strerror}") from error


def _password_in(path: Path) -> Secret:
    text = read_secret_file(path, "password", MOST_PASSWORD)
    try:
        password = text.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ConfigError("password", f"{path}: expected text in UTF-8, found other bytes") from None
    if not password:
        raise ConfigError("password", f"{path}: expected a password, found an empty file")
    return Secret(password)
