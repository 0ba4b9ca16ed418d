"""Named keys: their file, their ring, and how a running daemon hears of a change."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import trio
from click.testing import CliRunner
from trio.testing import MockClock

from alphapulse.cli.keys import keys
from alphapulse.data.roles import Role
from alphapulse.errors import ConfigError
from alphapulse.secret import Secret
from alphapulse_web.key_file import MAX_KEYS, KeyFile
from alphapulse_web.keys import OWNER, Key, KeyRing, digest_of
from tests.web.fake_backend import NOW_NS
from tests.web.web_client import BEARER, TOKEN, Desk, answer, keyed

ADD = ("anna", Role.VIEWER, NOW_NS)


def test_a_key_is_shown_once_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    secret = file.add(*ADD)
    (key,) = file.read()
    assert (key.name, key.role, key.made_ns) == ADD
    assert key.digest == digest_of(secret.reveal())
    assert secret.reveal() not in file.path.read_text()
    assert len(secret.reveal()) == 46
    assert str(secret) == "***"
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_revoked_key_is_gone(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    file.add(*ADD)
    file.add("bert", Role.ADMIN, NOW_NS)
    assert file.revoke("anna").name == "anna"
    assert [key.name for key in file.read()] == ["bert"]
    with pytest.raises(ConfigError, match="bert"):
        file.revoke("anna")


@pytest.mark.parametrize("name", ["", OWNER, "a b", "-x", "x" * 33, "ä", "a/b", "a\n", "anna"])
def test_a_name_that_is_taken_or_none_is_refused(tmp_path: Path, name: str) -> None:
    file = KeyFile(tmp_path)
    file.add(*ADD)
    with pytest.raises(ConfigError):
        file.add(name, Role.VIEWER, NOW_NS)
    assert [key.name for key in file.read()] == ["anna"]


def test_there_are_not_more_keys_than_can_be_overseen(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    for number in range(MAX_KEYS):
        file.add(f"k{number}", Role.VIEWER, NOW_NS)
    with pytest.raises(ConfigError, match="at most 100"):
        file.add("one-more", Role.VIEWER, NOW_NS)


def document(**changes: Any) -> str:
    row = {"name": "anna", "role": "viewer", "sha256": "0" * 64, "made_ns": 1, **changes}
    return json.dumps({"keys": [{key: value for key, value in row.items() if value is not None}]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"keys": [1]}',
        '{"keys": [], "more": 1}',
        "\ud800",
        document(role="root"),
        document(role="VIEWERS"),
        document(sha256="0" * 63),
        document(sha256="G" * 64),
        document(name="owner"),
        document(name="a b"),
        document(made_ns=None),
        document(key="the key itself"),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, text: str) -> None:
    file = KeyFile(tmp_path)
    file.path.touch(mode=0o600)
    file.path.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(ConfigError, match=r"web\.keys_file"):
        file.read()


def test_one_key_twice_is_refused(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    row = json.loads(document())["keys"][0]
    file.path.touch(mode=0o600)
    for twin in ({**row, "name": "bert"}, {**row, "sha256": "1" * 64}):
        file.path.write_text(json.dumps({"keys": [row, twin]}))
        with pytest.raises(ConfigError, match="twice"):
            file.read()


def test_all_keys_are_compared_and_the_right_one_is_found() -> None:
    named = [Key(name=f"k{n}", role=Role.VIEWER, digest=digest_of(f"text {n}")) for n in range(50)]
    ring = KeyRing(Secret(TOKEN), named)
    for number, key in enumerate(named):
        assert ring.find(f"text {number}") is key
    assert ring.find(TOKEN) is ring.owner
    for wrong in ("", "***", "text 50", TOKEN[:-1], TOKEN + " ", "\ud800"):
        assert ring.find(wrong) is None


async def test_a_running_daemon_hears_of_keys_within_a_second(tmp_path: Path, autojump_clock: MockClock) -> None:
    desk = Desk(keys_folder=tmp_path)
    file = KeyFile(tmp_path)
    async with trio.open_nursery() as nursery:
        await nursery.start(desk.app.upkeep.run)
        headers = {"Authorization": f"Bearer {file.add(*ADD).reveal()}"}
        await trio.sleep(1.01)
        assert (await desk.ask("GET", "/api/v1/status", headers=headers)).status_code == 200
        browser = await desk.log_in(headers)
        file.revoke("anna")
        await trio.sleep(1.01)
        for who in (headers, browser):
            assert (await desk.ask("GET", "/api/v1/status", headers=who)).status_code == 401
        nursery.cancel_scope.cancel()
    told = [row[:3] for row in desk.backend.audited if row[0] == "keys file"]
    assert told == [("keys file", "keys.add", "anna"), ("keys file", "keys.revoke", "anna")]


async def test_a_file_that_others_can_read_leaves_the_owner_alone(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(keys_folder=tmp_path)
    headers = {"Authorization": f"Bearer {KeyFile(tmp_path).add(*ADD).reveal()}"}
    async with trio.open_nursery() as nursery:
        await nursery.start(desk.app.upkeep.run)
        assert (await desk.ask("GET", "/api/v1/status", headers=headers)).status_code == 200
        (tmp_path / "keys.json").chmod(0o644)
        await trio.sleep(1.01)
        assert (await desk.ask("GET", "/api/v1/status", headers=headers)).status_code == 401
        assert (await desk.ask("GET", "/api/v1/status", headers=BEARER)).status_code == 200
        nursery.cancel_scope.cancel()
    assert "no named key is good until this is mended" in caplog.text


async def test_an_admin_sees_and_revokes_keys(tmp_path: Path) -> None:
    desk = Desk(keys_folder=tmp_path)
    KeyFile(tmp_path).add(*ADD)
    async with trio.open_nursery() as nursery:
        await nursery.start(desk.app.upkeep.run)
        listed = await answer(await desk.ask("GET", "/api/v1/keys", headers=BEARER))
        assert [(key["name"], key["role"]) for key in listed["keys"]] == [("owner", "admin"), ("anna", "viewer")]
        wish = {"name": "anna", "reason": "she has left"}
        for _ in range(2):
            reply = await desk.ask("POST", "/api/v1/keys/revoke", headers=keyed(BEARER), json=wish)
            assert reply.status_code == 200
            assert [key["name"] for key in (await answer(reply))["keys"]] == ["owner"]
        reply = await desk.ask("POST", "/api/v1/keys/revoke", headers=keyed(BEARER, "another"), json=wish)
        assert reply.status_code == 404
        nursery.cancel_scope.cancel()
    assert KeyFile(tmp_path).read() == ()


# The command line --------------------------------------------------------------------------------------------------


def cli(folder: Path, *words: str) -> Any:
    config = folder / "config.toml"
    if not config.exists():
        config.write_text(
            '[collectors.day]\nkind = "recorded"\nlogs = ["x"]\n[strategies.flash_arbitrage]\nenabled = true\n'
        )
    return CliRunner().invoke(keys, [*words, "--config", str(config)])


def test_the_command_makes_lists_and_revokes(tmp_path: Path) -> None:
    added = cli(tmp_path, "add", "anna", "--role", "operator")
    assert added.exit_code == 0, added.output
    (text,) = added.stdout.split()
    (key,) = KeyFile(tmp_path / "data").read()
    assert key.digest == digest_of(text)
    listed = cli(tmp_path, "list")
    assert listed.stdout.split()[:3] == ["anna", "operator", key.id]
    assert text not in listed.output
    assert cli(tmp_path, "revoke", "anna").exit_code == 0
    assert cli(tmp_path, "list").stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ("add", "owner", "--role", "viewer"),
        ("add", "a b", "--role", "viewer"),
        ("revoke", "nobody"),
    ],
)
def test_the_command_says_what_is_wrong_and_ends_with_78(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = cli(tmp_path, *words)
    assert result.exit_code == 78
    assert "expected" in result.output


def test_the_command_refuses_a_folder_that_others_write_to(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o777)
    assert cli(tmp_path, "add", "anna", "--role", "viewer").exit_code == 78
    assert os.listdir(tmp_path / "data") == []  # noqa: PTH208 - names are wanted
