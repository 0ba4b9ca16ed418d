"""Whose files are believed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from alphapulse.errors import ConfigError
from alphapulse.file_trust import check_config_file, check_data_folder, open_secret_file


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir(mode=0o755)
    path = tmp_path / "etc" / "config.toml"
    path.touch(mode=0o640)
    path.chmod(0o640)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path / "data"


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o644])
def test_a_configuration_that_only_its_owner_writes_is_taken(config: Path, mode: int) -> None:
    config.chmod(mode)
    check_config_file(config)


@pytest.mark.parametrize("mode", [0o660, 0o620, 0o602, 0o646, 0o666, 0o777])
def test_a_configuration_that_others_write_is_refused(config: Path, mode: int) -> None:
    config.chmod(mode)
    with pytest.raises(ConfigError, match=f"found mode {mode:04o}; run chmod go-w"):
        check_config_file(config)


def test_a_configuration_in_a_folder_of_everybody_is_refused_unless_it_is_sticky(config: Path) -> None:
    config.parent.chmod(0o777)
    with pytest.raises(ConfigError, match="not everybody can write"):
        check_config_file(config)
    config.parent.chmod(0o1777)
    check_config_file(config)


def test_a_configuration_may_be_a_link_but_what_it_leads_to_is_judged(config: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(config)
    check_config_file(link)
    config.parent.chmod(0o777)
    with pytest.raises(ConfigError, match="not everybody can write"):
        check_config_file(link)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_a_configuration_is_a_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "thing")
    with pytest.raises(ConfigError, match="expected a regular file"):
        check_config_file(tmp_path / "thing")


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755])
def test_a_data_folder_that_only_its_owner_writes_is_taken(data: Path, mode: int) -> None:
    data.chmod(mode)
    check_data_folder(data, "daemon.data_folder")


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o1777, 0o707])
def test_a_data_folder_that_others_write_is_refused(data: Path, mode: int) -> None:
    data.chmod(mode)
    with pytest.raises(ConfigError, match=r"daemon\.data_folder: .*run chmod go-w"):
        check_data_folder(data, "daemon.data_folder")


def test_a_data_folder_that_is_not_there_yet_is_judged_by_where_it_will_lie(tmp_path: Path) -> None:
    check_data_folder(tmp_path / "a" / "b", "x")
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigError, match="not everybody"):
        check_data_folder(tmp_path / "a" / "b", "x")


def test_a_foreign_owner_is_refused(config: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of root are taken by everybody, so the test needs an owner who is not."""
    if os.geteuid() == 0:
        for path in (config, data):
            os.chown(path, 12_345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    with pytest.raises(ConfigError, match="expected an owner"):
        check_config_file(config)
    with pytest.raises(ConfigError, match="expected an owner"):
        check_data_folder(data, "x")


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o602, 0o601, 0o644])
def test_a_secret_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.touch()
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"expected mode 0600, found {mode:04o}"):
        open_secret_file(path, "web.keys_file")


def test_a_secret_behind_a_link_or_in_a_pipe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "link").symlink_to(tmp_path / "key")
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "pipe"):
        with pytest.raises(ConfigError):
            open_secret_file(tmp_path / name, "web.keys_file")
    os.close(open_secret_file(tmp_path / "key", "web.keys_file"))
    with pytest.raises(FileNotFoundError):
        open_secret_file(tmp_path / "nothing", "web.keys_file")
