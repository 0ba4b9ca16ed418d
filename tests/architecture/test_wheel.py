"""The wheel holds what an installation needs, and nothing else of the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import alphapulse

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.real_io]


def _environment(**changes: str) -> dict[str, str]:
    """This process's variables without those that would let the checkout in."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ALPHAPULSE_"))
    } | changes


def _build(source: Path, target: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, source],
        check=False,
        capture_output=True,
        text=True,
        env=_environment(**variables),
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this tree, the way `pip install .` builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    built = _build(ROOT, folder)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_only_our_two_packages(wheel: Path) -> None:
    """Nothing called `web`, `tests` or `frontend` reaches site-packages."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    metadata = f"alphapulse-{alphapulse.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"alphapulse", "alphapulse_web", metadata}
    assert [name for name in names if "__pycache__" in name] == []


def test_wheel_holds_the_packaged_data(wheel: Path) -> None:
    """The demo recording, the default configuration, the migrations, the type markers and the licences are in it."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        assert archive.read("alphapulse/default_config.toml") == (ROOT / "config.toml").read_bytes()
    packaged = {
        path.relative_to(ROOT).as_posix()
        for folder in ("alphapulse/rules/evm", "alphapulse/demo", "alphapulse/devnet", "alphapulse/journal/migrations")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert any(name.startswith("alphapulse/demo/") for name in packaged)
    assert any(name.startswith("alphapulse/journal/migrations/versions/") for name in packaged)
    assert packaged | {"alphapulse/py.typed", "alphapulse_web/py.typed"} <= names
    metadata = f"alphapulse-{alphapulse.__version__}.dist-info/licenses"
    assert {f"{metadata}/LICENSE", f"{metadata}/NOTICE", f"{metadata}/LICENSES/Apache-2.0.txt"} <= names


def test_release_needs_the_built_dashboard(tmp_path: Path) -> None:
    """A release build without the dashboard fails and says what to do; a plain build of the same tree passes."""
    source = tmp_path / "source"
    package = source / "web" / "alphapulse_web"
    package.mkdir(parents=True)
    (source / "alphapulse").mkdir()
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "NOTICE", "config.toml"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    (source / "alphapulse" / "__init__.py").write_bytes((ROOT / "alphapulse" / "__init__.py").read_bytes())
    (package / "__init__.py").touch()
    refused = _build(source, tmp_path / "refused", ALPHAPULSE_RELEASE="1")
    assert refused.returncode != 0
    assert "a release needs the built dashboard" in refused.stdout + refused.stderr
    assert _build(source, tmp_path / "plain").returncode == 0


def test_installed_wheel_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """In a fresh environment with the locked libraries both programs start and know their version."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    pip: list[str | Path] = [home / "bin" / "python", "-m", "pip", "install", "-qq"]
    lock = ROOT / "requirements" / "runtime.txt"
    steps: list[list[str | Path]] = [["--require-hashes", "-r", lock], ["--no-deps", wheel]]
    for arguments in steps:
        subprocess.run([*pip, *arguments], check=True, env=_environment(), cwd=tmp_path)

    def run(*command: str) -> str:
        return subprocess.run(
            [home / "bin" / command[0], *command[1:]],
            check=True,
            capture_output=True,
            text=True,
            env=_environment(),
            cwd=tmp_path,
        ).stdout

    assert alphapulse.__version__ in run("alphapulsed", "--version")
    assert alphapulse.__version__ in run("alphapulse", "--version")
    assert "Usage:" in run("alphapulse", "--help")
    location = run("python", "-c", "import alphapulse, alphapulse_web; print(alphapulse.__file__)")
    assert Path(location).is_relative_to(home)
