"""The file that holds the named keys: their hashes only, mode 0600, replaced as a whole."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from alphapulse.data.roles import Role
from alphapulse.errors import ConfigError
from alphapulse.file_trust import open_secret_file
from alphapulse.secret import Secret
from alphapulse_web.keys import NAME, OWNER, Key, digest_of, fresh_key

FILE = "keys.json"
SETTING = "web.keys_file"
MAX_KEYS = 100
MAX_BYTES = 64 * 1024
DIGEST_DIGITS = 64


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    role: str
    sha256: str
    made_ns: int


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keys: list[_Row]


class KeyFile:
    """`keys.json` in the data folder. All of it blocks."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def read(self) -> tuple[Key, ...]:
        """The keys; none if there is no file.

        Raises:
            ConfigError: others can open the file, or it is not what `add` and `revoke` write.
        """
        try:
            descriptor = open_secret_file(self.path, SETTING)
        except FileNotFoundError:
            return ()
        with os.fdopen(descriptor, "rb") as file:
            text = file.read(MAX_BYTES + 1)
        try:
            rows = msgspec.json.decode(text, type=_Document).keys
            keys = tuple(
                Key(name=row.name, role=Role[row.role.upper()], digest=row.sha256, made_ns=row.made_ns) for row in rows
            )
        except (msgspec.MsgspecError, KeyError, UnicodeDecodeError) as error:
            raise self._problem(f"expected named keys as `alphapulse keys` writes them, found: {error}") from error
        self._check(keys)
        return keys

    def signature(self) -> tuple[int, int, int] | None:
        """A value that changes when the file does; None if there is none."""
        try:
            status = self.path.stat(follow_symlinks=False)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_ctime_ns

    def add(self, name: str, role: Role, now_ns: int) -> Secret:
        """Make a key; what is returned is kept nowhere. Raises ConfigError if the name is taken or none."""
        secret = fresh_key()
        with self._locked():
            keys = self.read()
            if any(key.name == name for key in keys):
                raise self._problem(f"expected a name that is free, found {name!r}; revoke that key first")
            added = Key(name=name, role=role, digest=digest_of(secret.reveal()), made_ns=now_ns)
            self._check((*keys, added))
            self._write((*keys, added))
        return secret

    def revoke(self, name: str) -> Key:
        """Take a key away; returns it. Raises ConfigError if there is none of that name."""
        with self._locked():
            keys = self.read()
            gone = next((key for key in keys if key.name == name), None)
            if gone is None:
                known = ", ".join(key.name for key in keys) or "none"
                raise self._problem(f"expected the name of a key ({known}), found {name!r}")
            self._write([key for key in keys if key is not gone])
        return gone

    def _check(self, keys: Sequence[Key]) -> None:
        if len(keys) > MAX_KEYS:
            raise self._problem(f"expected at most {MAX_KEYS} keys, found {len(keys)}; revoke one first")
        if len({key.name for key in keys}) < len(keys) or len({key.id for key in keys}) < len(keys):
            raise self._problem("expected each name and each key once, found one twice")
        for key in keys:
            if not NAME.fullmatch(key.name) or key.name == OWNER:
                problem = "expected a name of 1 to 32 letters, digits, dots, hyphens and underscores other than"
                raise self._problem(f"{problem} {OWNER!r}, found {key.name[:40]!r}")
            if len(key.digest) != DIGEST_DIGITS or set(key.digest) - set("0123456789abcdef"):
                raise self._problem(f"expected the SHA-256 of the key {key.name}, found something else; revoke it")

    def _write(self, keys: Sequence[Key]) -> None:
        rows = [_Row(key.name, key.role.name.lower(), key.digest, key.made_ns) for key in keys]
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(_Document(rows)), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One command at a time: two that read and write at once would lose a key, or a revocation."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise self._problem(f"expected a data folder to write to, found: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _problem(self, text: str) -> ConfigError:
        return ConfigError(SETTING, f"{self.path}: {text}")
