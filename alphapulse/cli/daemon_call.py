"""Questions to the running daemon: over its control plane, and over its local socket where that does not answer."""

from __future__ import annotations

import secrets
from typing import Any

import click
import httpx

from alphapulse.cli.control_file import read_control_file
from alphapulse.cli.local_socket import ask_socket
from alphapulse.config import Config
from alphapulse.connections.http import TIMEOUT_S, control_client

API = "/api/v1"
UNDERSTOOD = frozenset({400, 404, 409, 422})
"""Answers after which asking by another way would be no use."""


class Unanswered(click.ClickException):
    """Nobody has taken the wish: there is no control plane, it is silent, or it does not let us in."""


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
    config: Config, method: str, path: str, body: dict[str, Any] | None = None, *, timeout_s: float = TIMEOUT_S
) -> Any:
    """What the control plane answers.

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
    if reply.is_error:
        kind = click.ClickException if reply.status_code in UNDERSTOOD else Unanswered
        raise kind(_problem(reply))
    return reply.json()


def ask(
    config: Config, method: str, path: str, act: str, *, timeout_s: float = TIMEOUT_S, **wish: str | int | None
) -> Any:
    """What the daemon answers over its control plane, or else over its socket.

    Raises:
        Unanswered: neither answers.
        click.ClickException, HaltError: it was understood and refused.
    """
    try:
        body = {name: str(value) for name, value in wish.items()} if method == "POST" else None
        return call(config, method, path, body, timeout_s=timeout_s)
    except Unanswered as problem:
        try:
            return ask_socket(config.data_folder, act, timeout_s, **wish)
        except OSError as error:
            raise Unanswered(
                f"{problem.message}; its socket does not answer either: {error.strerror or error}"
            ) from error


def _problem(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the control plane answered {reply.status_code}"
