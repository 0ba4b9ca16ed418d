"""Files that are whole on the disk, whatever comes between: a crash, a full disk, a power cut."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace_synced(path: Path, data: bytes, *, rename_first: bool = False) -> None:
    """`path` holds its old content or `data` at any moment, also behind a crash. Mode 0600. Blocking.

    Args:
        path: a file, or where there is none yet.
        data: all of its new content.
        rename_first: others read the new content before the disk has it.

    Raises:
        OSError: it cannot be written; the old content is still there.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if rename_first:
                temporary.replace(path)
            os.fsync(file.fileno())
        if not rename_first:
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """The disk has the names of the folder's files. Blocking. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
