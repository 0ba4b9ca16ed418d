"""What this process holds open, as the kernel says."""

from __future__ import annotations

from pathlib import Path


def open_files_in(folder: Path) -> list[str]:
    """Files below `folder` that are open now. A file is closed when its owner says so, not when it is collected."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
        if target.startswith(f"{folder}/"):
            found.append(target)
    return found
