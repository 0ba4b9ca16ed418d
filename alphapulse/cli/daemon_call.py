"""Questions to the running daemon: over its control plane, and over its local socket where that does not answer."""

from __future__ import annotations

import secrets
from time import sleep
from typing import Any

import click
import httpx

from alphapulse.cli.control_file import read_control_file
from alphapulse.cli.local_socket import TIMEOUT_S as SOCKET_TIMEOUT_S
from alphapulse.cli.local_socket import ask_socket
from alphapulse.config import Config
from alphapulse.connections.http import TIMEOUT_S, control_client

API = "/api/v1"
UNDERSTOOD = frozenset({400, 404, 409, 422})
"""Answers after which asking by another way would be no use."""
TOO_MANY = 429
PATIENCE_S = 3
"""How long a wish that is no stop waits if too many came before it."""


class Unanswered(click.ClickException):
    """Nobody has taken the wish: there is no control plane, or it is silent."""


class TurnedAway(Unanswered):
    """The control plane answers, but does not let us in. Only a stop then looks for another way."""


def control_url(config: Config) -> str:
    """The control plane's address. Raises Unanswered if there is none."""
    running = read_control_file(config.data_folder)
    if running is None or running.url is None:
        raise Unanswered(
            f"expected a running daemon with a control plane for {config.data_folder}, found none; "
            "start alphapulsed, or name its configuration with --config"
        )
    return running.url


def call(
    config: Config,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    timeout_s: float = TIMEOUT_S,
    patience_s: int = PATIENCE_S,
) -> Any:
    """What the control plane answers; asked again for `patience_s` if too many asked before.

    Raises:
        Unanswered: nobody has taken the wish.
        click.ClickException: it was understood and refused.
    """
    url = control_url(config)
    token_path = config.data_folder / "token"
    try:
        token = token_path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise Unanswered(f"expected the access token at {token_path}, found: {error.strerror}") from error
    certificate = config.web.tls_certificate
    with control_client(url, token, None if certificate is None else config.resolve(certificate)) as client:
        try:
            headers = {"Idempotency-Key": secrets.token_hex(16)} if method == "POST" else {}
            reply = client.request(method, API + path, json=body, headers=headers, timeout=timeout_s)
        except httpx.HTTPError as error:
            raise Unanswered(f"the control plane at {url} did not answer: {error!r}") from error
    if reply.status_code == TOO_MANY and patience_s > 0:
        sleep(1)
        return call(config, method, path, body, timeout_s=timeout_s, patience_s=patience_s - 1)
    if reply.is_error:
        kind = click.ClickException if reply.status_code in UNDERSTOOD else TurnedAway
        raise kind(_problem(reply))
    return reply.json()


def ask(config: Config, method: str, path: str, act: str, **wish: str | int | None) -> Any:
    """What the daemon answers over its control plane, or else, where there is none, over its socket.

    Raises:
        Unanswered: neither answers.
        click.ClickException, HaltError: it was understood and refused.
    """
    try:
        body = {name: str(value) for name, value in wish.items()} if method == "POST" else None
        return call(config, method, path, body)
    except TurnedAway:
        raise
    except Unanswered as problem:
        return by_socket(config, act, problem, SOCKET_TIMEOUT_S, **wish)


def by_socket(
    config: Config, act: str, problem: Unanswered, timeout_s: float = SOCKET_TIMEOUT_S, **wish: str | int | None
) -> Any:
    """What the daemon answers over its socket; `problem` is why it was not asked otherwise.

    Raises:
        Unanswered: it does not answer there either.
        HaltError: it was understood and refused.
    """
    try:
        return ask_socket(config.data_folder, act, timeout_s, **wish)
    except OSError as error:
        raise Unanswered(f"{problem.message}; its socket does not answer either: {error.strerror or error}") from error


def _problem(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the control plane answered {reply.status_code}"
