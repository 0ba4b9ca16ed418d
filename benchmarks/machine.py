"""On what the figures were measured."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from alphapulse import __version__

PACKAGES = (
    *("trio", "msgspec", "attrs", "SQLAlchemy", "quart", "quart-trio", "hypercorn", "httpx"),
    *("numpy", "protobuf", "Cython"),
)


def describe_machine() -> dict[str, str]:
    """Processor, kernel, Python and versions. The load tells how far the figures can be trusted."""
    return {
        "processor": _processor(),
        "cores": f"{len(os.sched_getaffinity(0))} of {os.cpu_count()}",
        "load before": f"{os.getloadavg()[0]:.2f} (1 minute)",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "alphapulse": __version__,
        "packages": ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
