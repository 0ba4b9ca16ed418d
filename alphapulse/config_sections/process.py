"""`[daemon]`, `[web]` and `[capture]`: what the process is, where it listens, what it writes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from alphapulse.config_reading import Section


class DaemonSection(Section, frozen=True):
    """`[daemon]`: what is traded with, and where its records are kept."""

    mode: Literal["paper", "live"] = "paper"
    data_folder: str = "data"


class WebSection(Section, frozen=True):
    """`[web]`: where the control plane listens."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8321
    allow_other_hosts: bool = False
    allowed_hosts: tuple[str, ...] = ()
    tls_certificate: str | None = None
    tls_key: str | None = None


class CaptureSection(Section, frozen=True):
    """`[capture]`: everything that collectors receive, written as it was received."""

    enabled: bool = False
    file: str = "data/capture.apcap"
