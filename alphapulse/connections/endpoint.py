"""Where a node answers: a URL that may hold a key, so that nothing of it is ever shown."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import attrs

from alphapulse.errors import ConfigError
from alphapulse.file_trust import open_secret_file
from alphapulse.secret import LEAST_MASKED, SHOWN, Secret

HTTP: Final = ("https", "http")
WEBSOCKET: Final = ("wss", "ws")
_ENCRYPTED: Final = ("https", "wss")
_LONGEST: Final = 4_096
"""Characters of a URL."""


class Unshown:
    """A text that is not shown either, but is no secret: logs are not masked of it, as `127.0.0.1` stands in many."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return SHOWN

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (SHOWN,)


@attrs.frozen(repr=False)
class Endpoint:
    """A URL in its parts. Keys stand in paths, queries, user names and even host names: its repr shows nothing."""

    url: Secret
    tls: bool
    host: Unshown
    port: int
    authority: Unshown
    """Host and port as they stand in a request's `Host`."""
    target: Secret
    """Path and query, as they stand in a request's first line."""
    authorization: Secret | None
    """The header's value, if the URL names a user."""
    _parts: tuple[Secret, ...]
    """They live as long as the endpoint does: so logs are masked of each alone, too."""
    signature: Callable[[bytes], str] | None = None
    """What is said of a request's body in `X-Flashbots-Signature`; None where nobody has to sign."""

    def __repr__(self) -> str:
        return "Endpoint(***)"


def read_endpoint(url: str, setting: str, schemes: tuple[str, ...]) -> Endpoint:
    """The endpoint that a URL names.

    Raises:
        ConfigError: it is none, or of another scheme. The message does not repeat it.
    """
    expected = f"expected a URL such as {schemes[0]}://HOST/PATH"
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > _LONGEST:
        raise ConfigError(setting, f"{expected} of at most {_LONGEST} ASCII characters without spaces, found another")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.hostname
    if parts.scheme not in schemes or not host or port == 0:
        raise ConfigError(
            setting, f"{expected} or {schemes[1]}://, found another; it is not shown, as it may hold a key"
        )
    if parts.fragment:
        raise ConfigError(setting, f"{expected} without a fragment, found one behind #; remove it")
    tls = parts.scheme in _ENCRYPTED
    named = f"[{host}]" if ":" in host else host
    usual = port is None or port == (443 if tls else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(
        url=Secret(url),
        tls=tls,
        host=Unshown(host),
        port=port or (443 if tls else 80),
        authority=Unshown(named if usual else f"{named}:{port}"),
        target=Secret(target),
        authorization=_authorization(parts.username, parts.password),
        parts=_masked_alone(parts.path, parts.query, parts.username, parts.password) + _masked_host(host),
    )


def endpoint_of(
    setting: str,
    schemes: tuple[str, ...],
    *,
    url: str | None = None,
    env: str | None = None,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Endpoint:
    """The endpoint whose URL stands in the configuration, in an environment variable, or alone in a file.

    A file is read as other files with secrets are: a plain one, for its owner alone.

    Raises:
        ConfigError: not exactly one is named, there is nothing there, or it is no URL.
    """
    if [url, env, file].count(None) != 2:
        raise ConfigError(setting, "expected a URL, or exactly one of `env` and `file`")
    if env is not None:
        found = (os.environ if environ is None else environ).get(env, "").strip()
        if not found:
            raise ConfigError(setting, f"expected a URL in the environment variable {env}, found nothing; set it")
        return read_endpoint(found, setting, schemes)
    if file is not None:
        return read_endpoint(_file_text(file, setting), setting, schemes)
    return read_endpoint(url or "", setting, schemes)


def _file_text(path: Path, setting: str) -> str:
    try:
        descriptor = open_secret_file(path, setting)
    except FileNotFoundError:
        problem = f"expected a file with a URL at {path}, found none"
    else:
        with os.fdopen(descriptor, "rb") as opened:
            return opened.read(_LONGEST + 2).decode("ascii", "replace").strip()
    raise ConfigError(setting, problem)


def _authorization(user: str | None, password: str | None) -> Secret | None:
    if user is None:
        return None
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return Secret(f"Basic {base64.b64encode(pair).decode()}")


def _masked_host(host: str) -> tuple[Secret, ...]:
    """A provider's host name, as some give each customer one. Not an address, and no name of this machine's."""
    named = "." in host and not host.replace(".", "").isdigit()
    return (Secret(host),) if named else ()


def _masked_alone(path: str, query: str, *others: str | None) -> tuple[Secret, ...]:
    """What may be a key: a library that names part of a URL in a text shall not give it away."""
    values = [pair.partition("=")[2] for pair in query.split("&")]
    parts = [*path.split("/"), *values, *(other or "" for other in others)]
    return tuple(Secret(part) for part in parts if len(part) > LEAST_MASKED and any(map(str.isdigit, part)))
