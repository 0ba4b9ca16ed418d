"""The token file."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from alphapulse.errors import ConfigError
from alphapulse_web.token import bearer_token
from tests.web.web_client import TOKEN, Clock, web_settings

GOOD = "test-0123456789abcdefghijklmnopqrstuvwxyzAB"


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_missing_file_is_made_with_256_bits_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "run" / "token"
    token = bearer_token(path)
    assert len(token.reveal()) == 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert bearer_token(path) == token


def test_the_log_names_the_file_and_never_the_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        token = bearer_token(tmp_path / "token")
    assert str(tmp_path / "token") in caplog.text
    assert token.reveal() not in caplog.text


def test_two_files_differ(tmp_path: Path) -> None:
    assert bearer_token(tmp_path / "a") != bearer_token(tmp_path / "b")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="expected mode 0600, found"):
        bearer_token(write(tmp_path / "token", GOOD, mode))


@pytest.mark.parametrize(
    "text", ["", "short", "a" * 42, "a" * 513, "a" * 42 + "\u00e9", "a" * 42 + "\x07", "a" * 43, "changeme" * 6]
)
def test_a_token_that_is_no_secret_is_refused_and_not_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as error:
        bearer_token(write(tmp_path / "token", text))
    assert not text or text not in str(error.value)


def test_a_link_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "real", GOOD)
    (tmp_path / "token").symlink_to(tmp_path / "real")
    with pytest.raises(ConfigError, match="no link"):
        bearer_token(tmp_path / "token")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        bearer_token(tmp_path)


def test_settings_do_not_show_the_token() -> None:
    assert TOKEN not in repr(web_settings(Clock()))
