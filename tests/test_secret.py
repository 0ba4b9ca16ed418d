"""Texts that must not be seen."""

from __future__ import annotations

import copy
import gc
import hmac
import json
import logging
import pickle
import sys
import traceback
from pathlib import Path

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.observe.logs import MaskedFormatter, mask_last_words
from alphapulse.secret import SHOWN, Secret, masked

TEXT = "canary-5f3a91c2d7"


@given(st.text(min_size=1))
def test_whatever_shows_a_secret_shows_three_stars(text: str) -> None:
    secret = Secret(text)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>3}",
        "%s" % secret,  # noqa: UP031 - also the old way
        f"{secret:<3}",
        json.loads(json.dumps([secret]))[0],
        json.loads(msgspec.json.encode({"key": secret}, enc_hook=str))["key"],
        *(pickle.loads(pickle.dumps(secret, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),  # noqa: S301
    ]
    assert set(shown) == {SHOWN}
    assert secret.reveal() == text


def test_a_copy_is_the_secret_itself() -> None:
    secret = Secret(TEXT)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_secrets_are_equal_when_their_texts_are_and_to_nothing_else() -> None:
    assert Secret(TEXT) == Secret(TEXT)
    assert hash(Secret(TEXT)) == hash(Secret(TEXT))
    assert Secret(TEXT) != Secret(TEXT + "x")
    assert Secret(TEXT) != SHOWN
    assert Secret(TEXT) != TEXT
    assert Secret(TEXT).matches(TEXT)
    assert not Secret(TEXT).matches(SHOWN)


def test_no_key_is_made_of_three_stars() -> None:
    with pytest.raises(TypeError, match="reveal"):
        hmac.digest(Secret(TEXT).encode(), b"", "sha256")


def test_a_living_secret_is_masked_in_any_text_and_a_dead_one_is_forgotten() -> None:
    first, second = Secret(TEXT), Secret(TEXT)
    assert masked(f"GET https://node/{TEXT}?{TEXT}") == "GET https://node/***?***"
    del first
    assert masked(TEXT) == SHOWN
    del second
    gc.collect()
    assert masked(TEXT) == TEXT


def test_a_secret_within_a_longer_one_leaves_no_rest() -> None:
    secrets = [Secret(TEXT), Secret(f"{TEXT}-and-more")]
    assert masked(f"{TEXT}-and-more") == SHOWN
    assert len(secrets) == 2


def test_a_log_line_and_its_traceback_hide_what_they_were_given() -> None:
    secret = Secret(TEXT)
    error = RuntimeError(f"the node at https://node/{TEXT} said no")
    trace = (RuntimeError, error, None)
    assert TEXT in "".join(traceback.format_exception(error))
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "asked with %s", (secret.reveal(),), trace)
    line = MaskedFormatter(processors=[structlog.dev.ConsoleRenderer(colors=False)]).format(record)
    assert TEXT not in line
    assert "said no" in line


def test_the_last_words_of_a_process_hide_it_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    mask_last_words()
    secret = Secret(TEXT)
    sys.excepthook(RuntimeError, RuntimeError(f"asked with {secret.reveal()}"), None)
    assert capsys.readouterr().err == "RuntimeError: asked with ***\n"


def test_secrets_are_compared_in_one_place_only() -> None:
    """A secret is text to C code: elsewhere a comparison could be with three stars. A keystore compares its digest."""
    root = Path(__file__).parents[1]
    allowed = {"alphapulse/secret.py", "web/alphapulse_web/keys.py", "alphapulse/signing/keystore.py"}
    users = {
        path.relative_to(root).as_posix()
        for folder in ("alphapulse", "web/alphapulse_web")
        for path in (root / folder).rglob("*.py")
        if "compare_digest" in path.read_text()
    }
    assert users <= allowed
