"""Whether a file or folder is one that only its owner can have written, and, if it holds a secret, read.

Who can write the configuration decides what is traded; who can read a key can trade. The owner is this process's user
or root. A configuration holds no secret, so others may read it (git makes files so); what holds one is for its owner
alone. A folder that all may write to is taken only with the sticky bit: in it nobody can replace what is another's.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from alphapulse.errors import ConfigError

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_config_file(path: Path) -> None:
    """Raises ConfigError if somebody else can have written the file, its link, or the folder in which either lies."""
    _check_links(path, "")
    status = _status(path, "")
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError("", f"{path}: expected a regular file, found {_kind(status.st_mode)}; name another path")
    _check_owner(path, status, "")
    _check_not_written_by_others(path, status, "")
    for folder in {path.absolute().parent, path.resolve().parent}:
        check_parent(folder, "")


def check_data_folder(path: Path, setting: str) -> None:
    """Raises ConfigError if somebody else can write to the folder or replace it. One that is missing is made later."""
    _check_links(path, setting)
    if path.exists():
        status = _status(path, setting)
        if not stat.S_ISDIR(status.st_mode):
            raise ConfigError(setting, f"{path}: expected a folder, found {_kind(status.st_mode)}; name another path")
        _check_owner(path, status, setting)
        _check_not_written_by_others(path, status, setting)
    for folder in {_nearest(path.absolute().parent), _nearest(path.resolve().parent)}:
        check_parent(folder, setting)


def check_parent(folder: Path, setting: str) -> None:
    """Raises ConfigError if anybody may replace what lies in the folder."""
    mode = _status(folder, setting).st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        problem = f"{folder}: expected a folder that not everybody can write to, found mode {_octal(mode)}"
        raise ConfigError(setting, f"{problem}; run chmod o-w, or use another folder")


def check_secret_file(descriptor: int, setting: str) -> None:
    """Raises ConfigError unless the open file is a plain one of this user or root that nobody else can read."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(setting, f"expected a regular file, found {_kind(status.st_mode)}; name another path")
    if status.st_uid not in {os.geteuid(), 0}:
        raise ConfigError(setting, f"expected a file of this user, found owner {status.st_uid}; change the owner")
    if status.st_mode & OTHERS:
        mode = _octal(status.st_mode)
        raise ConfigError(setting, f"expected mode 0600, found {mode}; run chmod 600, consider a new secret")


def open_secret_file(path: Path, setting: str) -> int:
    """A descriptor of a file that holds a secret, open for reading. A link is not followed, a pipe holds nobody up.

    Raises:
        FileNotFoundError: there is none.
        ConfigError: it cannot be read, or others can read or write it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        problem = f"{path}: expected a readable file that is no link, found: {error.strerror}"
        raise ConfigError(setting, problem) from error
    try:
        check_secret_file(descriptor, setting)
    except ConfigError:
        os.close(descriptor)
        raise
    return descriptor


def _check_links(path: Path, setting: str) -> None:
    """A link may be followed if its owner is one who may decide where it leads."""
    if path.is_symlink():
        _check_owner(path, path.lstat(), setting)


def _check_owner(path: Path, status: os.stat_result, setting: str) -> None:
    if status.st_uid not in {os.geteuid(), 0}:
        problem = f"{path}: expected an owner who is this user ({os.geteuid()}) or root, found user {status.st_uid}"
        raise ConfigError(setting, f"{problem}; run chown, or start as its owner")


def _check_not_written_by_others(path: Path, status: os.stat_result, setting: str) -> None:
    if status.st_mode & OTHERS_WRITE:
        problem = f"{path}: expected to be written by its owner alone, found mode {_octal(status.st_mode)}"
        raise ConfigError(setting, f"{problem}; run chmod go-w")


def _status(path: Path, setting: str) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise ConfigError(
            setting, f"{path}: expected to be there and open to this user, found: {error.strerror}"
        ) from error


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return folder if folder.exists() else _nearest(folder.parent)


def _octal(mode: int) -> str:
    return f"{stat.S_IMODE(mode):04o}"


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device" if stat.S_IFMT(mode) != stat.S_IFREG else "a regular file")
