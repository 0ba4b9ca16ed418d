"""What hatchling does beyond its settings when it builds AlphaPulse."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DASHBOARD = "web/alphapulse_web/dist/index.html"


class CustomBuildHook(BuildHookInterface[BuilderConfig]):
    """Ships the default configuration and the compiled core, and keeps a release from going out without dashboard."""

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
            self._add_core(build_data)

    def _add_core(self, build_data: dict[str, Any]) -> None:
        """The compiled core, if it can be built; the wheel then is for this Python and machine only."""
        folder = Path(self.root, "build", "core")
        command = [sys.executable, str(Path(self.root, "build_core.py")), str(folder)]
        built = subprocess.run(command, check=False, capture_output=True, text=True, cwd=self.root)  # noqa: S603 - ours
        self.app.display_info((built.stdout or built.stderr).strip())
        for core in (folder / "alphapulse").rglob(f"core{sysconfig.get_config_var('EXT_SUFFIX')}"):
            build_data["force_include"][str(core)] = str(core.relative_to(folder))
            build_data.update(pure_python=False, infer_tag=True)
