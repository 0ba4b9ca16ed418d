"""What hatchling does beyond its settings when it builds AlphaPulse."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DASHBOARD = "web/alphapulse_web/dist/index.html"


class CustomBuildHook(BuildHookInterface[BuilderConfig]):
    """Ships the default configuration and keeps a release from going out without its dashboard."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if os.environ.get("ALPHAPULSE_RELEASE") == "1" and not (Path(self.root) / DASHBOARD).is_file():
            raise SystemExit(
                f"a release needs the built dashboard: expected {DASHBOARD}, which was not there; "
                "run `make release`, which builds it with Node.js 20 or newer"
            )
        # Not in an editable install: a lone file would become a namespace package that hides the checkout's own.
        if self.target_name == "wheel" and version == "standard":
            build_data["force_include"][str(Path(self.root) / "config.toml")] = "alphapulse/default_config.toml"
