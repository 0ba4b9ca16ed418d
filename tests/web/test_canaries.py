"""No secret leaves: canaries lie in every place that holds one, and thousands of errors are forced."""

from __future__ import annotations

import json
import random
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alphapulse.cli.main import main
from alphapulse.data.roles import Role
from alphapulse.errors import HaltError, JournalError
from alphapulse.observe.logs import mask_last_words
from alphapulse.observe.stack_dump import write_stacks
from alphapulse.secret import Secret
from alphapulse_web.api import replies
from alphapulse_web.api.routes import ROUTES, Route
from alphapulse_web.errors import ApiError
from tests.fakes.log_stream import log_stream
from tests.web.test_policies import BODIES, path_of
from tests.web.web_client import BEARER, ORIGIN, TOKEN, Desk, answer, keyed

ERRORS = 3_000
GIVEN_AWAY = {"login_code", "stream_ticket", "open_session"}
"""Routes whose reply is a secret: that is what they are for. Their refusals hold none."""


class Slots:
    """Everything that is secret, and the errors that name it."""

    def __init__(self) -> None:
        self.kept: list[Secret] = []
        self.texts: list[str] = []

    def keep(self, text: str) -> str:
        self.kept.append(Secret(text))
        self.texts.append(text)
        return text

    def found_in(self, text: str) -> list[int]:
        """The numbers of the secrets in a text; they are not told themselves."""
        return [number for number, secret in enumerate(self.texts) if secret in text]


async def planted(desk: Desk, slots: Slots) -> list[dict[str, str]]:
    """Headers of everybody, with everything secret of the control plane planted."""
    slots.keep(TOKEN)
    callers: list[dict[str, str]] = [BEARER]
    for role in Role:
        key = desk.key_of(role)
        slots.keep(key["Authorization"].removeprefix("Bearer "))
        callers.append(key)
        browser = await desk.log_in(key)
        slots.keep(browser["Cookie"].partition("=")[2])
        callers.append(browser)
        slots.keep((await answer(await desk.ask("POST", "/api/v1/session/code", headers=key)))["code"])
        slots.keep((await answer(await desk.ask("POST", "/api/v1/stream/ticket", headers=key)))["ticket"])
        desk.clock.advance(1)
    # What other parts of the daemon hold: addresses with keys in them, keys of exchanges, nonces, keys of signers.
    for number in range(10):
        slots.keep(f"https://node.example/v3/canary-{number}-9f86d081884c7d65")
        slots.keep(f"canary-exchange-{number}-2c26b46b68ffc68f")
    return callers


def break_backend(desk: Desk, slots: Slots, chance: random.Random) -> None:
    """From now on its answers are errors of libraries, that say what they were asked with."""

    def problem() -> Exception:
        words = f"asked with {chance.choice(slots.texts)}, found 503"
        kinds = [RuntimeError, ValueError, LookupError, JournalError, HaltError, OSError, KeyError]
        if chance.random() < 0.1:
            return ApiError(409, "not_allowed", words, {"x": words})
        return chance.choice(kinds)(words)

    def fail(*_: object, **__: object) -> Any:
        raise problem()

    async def fail_later(*_: object, **__: object) -> Any:
        raise problem()

    for part in (desk.backend, desk.backend.real_trading):
        for name in dir(part):
            if name in {"audit", "topic_revisions"} or name.startswith("_"):
                continue
            held = getattr(part, name)
            if callable(held):
                asynchronous = held.__code__.co_flags & 0x80 if hasattr(held, "__code__") else False
                setattr(part, name, fail_later if asynchronous else fail)


def odd_request(route: Route, callers: list[dict[str, str]], slots: Slots, chance: random.Random) -> dict[str, Any]:
    """A request that somebody gets wrong, with secrets where they do not belong."""
    secret = chance.choice(slots.texts)
    headers = keyed(dict(chance.choice(callers)), f"k{chance.random()}")
    spoilt = chance.choice(["", "", "Host", "Origin", "Idempotency-Key", "Content-Type", "Authorization", "Cookie"])
    if spoilt:
        headers[spoilt] = secret
    body: dict[str, object] = dict(BODIES.get(route.name, {}))
    data: Any = None
    match chance.randrange(5):
        case 0:
            data = (secret * 3).encode()
        case 1:
            body["reason"] = 5
        case 2:
            body["code"] = secret
        case 3:
            body = {"reason": secret, "name": secret}
    arguments = {"data": data} if data is not None else {"json": body or None}
    method = route.method if chance.random() < 0.8 else chance.choice(["GET", "POST", "DELETE", "PUT"])
    path = path_of(route) + (f"?cursor={secret}" if chance.random() < 0.2 and method == "GET" else "")
    return {"method": method, "path": path, "headers": headers, **arguments}


@pytest.mark.slow
async def test_no_secret_is_in_any_answer_or_log_line_of_thousands_of_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    chance, desk, slots = random.Random(26), Desk(), Slots()
    callers = await planted(desk, slots)
    break_backend(desk, slots, chance)
    assert len(slots.texts) >= 30
    errors = 0
    # The filter against floods would hide most of what is looked through here.
    monkeypatch.setattr(replies.log, "filters", [])
    with log_stream() as log:
        while errors < ERRORS:
            route = chance.choice(ROUTES)
            desk.clock.ns += 150_000_000
            response = await desk.ask(**odd_request(route, callers, slots, chance))
            if response.status_code < 400:
                assert route.name in GIVEN_AWAY | {"openapi", "session", "keys", "close_session", "revoke_key"}
                continue
            errors += 1
            text = (await response.get_data(as_text=False)).decode() + str(response.headers)
            assert not slots.found_in(text), (route.name, response.status_code)
        written = log.getvalue()
    assert not slots.found_in(written)
    assert written.count("found 503") > 100, "the errors that name secrets have come to the log"
    assert written.count("***") > 100


def test_no_secret_is_in_a_traceback_a_dump_of_tasks_or_the_last_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = Slots()
    text = slots.keep("canary-7d865e959b2466918c9863afca942d0f")
    held = slots.kept[0]
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    mask_last_words()
    error = RuntimeError(f"asked with {text}")
    sys.excepthook(RuntimeError, error, error.__traceback__)
    shown = "".join(traceback.TracebackException.from_exception(ValueError(held), capture_locals=True).format())
    write_stacks(tmp_path / "tasks.txt", f"locals: {held!r} {held}")
    assert not slots.found_in(capsys.readouterr().err + shown + (tmp_path / "tasks.txt").read_text())


CONFIG = """
[collectors.day]
kind = "recorded"
logs = ["x"]
[strategies.flash_arbitrage]
enabled = true
"""
COMMANDS = [
    ("status",),
    ("status", "--json"),
    ("kill", "--reason", "x"),
    ("resume", "--reason", "x"),
    ("login",),
    ("keys", "list"),
    ("keys", "revoke", "nobody"),
    ("keys", "add", "owner", "--role", "admin"),
    ("doctor",),
    ("audit", "tail"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("url", [None, "http://127.0.0.1:1", "http://[::1", "ftp://x", "http://u:p@127.0.0.1:1"])
def test_no_secret_is_in_what_a_command_says_that_fails(
    tmp_path: Path, words: tuple[str, ...], url: str | None
) -> None:
    slots = Slots()
    config = tmp_path / "config.toml"
    config.write_text(
        '[collectors.day]\nkind = "recorded"\nlogs = ["x"]\n[strategies.flash_arbitrage]\nenabled = true\n'
    )
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "token").touch(mode=0o600)
    (data / "token").write_text(slots.keep(TOKEN))
    if url is not None:
        # Of a process that is over: a command that found a living one would send it a signal.
        (data / "control.json").write_text(json.dumps({"pid": 1, "started": 1, "url": url}))
    result = CliRunner().invoke(main, [*words, "--config", str(config)])
    told = result.output + "".join(traceback.format_exception(result.exception) if result.exception else [])
    assert not slots.found_in(told)


async def test_no_secret_is_in_the_settings_the_app_or_what_is_kept_of_it() -> None:
    desk = Desk()
    slots = Slots()
    await planted(desk, slots)
    shown = [repr(vars(part)) for part in (desk.app.ring, desk.app.codes, desk.app.tickets, desk.app.sessions)]
    shown += [repr(desk.app.ring.named()), repr(desk.backend.audited), ORIGIN]
    assert not slots.found_in(" ".join(shown))
