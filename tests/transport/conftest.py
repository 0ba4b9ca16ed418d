"""Certificates for the tests, one authority for the run; and limits that no slow machine meets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import trustme

from alphapulse.relays import link_end, nats_readers
from alphapulse.transport import acceptor, endpoints, jetstream, nats_connection, nats_login
from alphapulse.transport.tls import TlsFiles

Certify = Callable[..., TlsFiles]
LONG_S = 60
LIMITS = (
    (acceptor, "ADMIT_LIMIT_S"),
    (endpoints, "CONNECT_LIMIT_S"),
    (jetstream, "ANSWER_LIMIT_S"),
    (nats_login, "CONNECT_LIMIT_S"),
    (nats_connection, "PING_EVERY_S"),
    (nats_login, "WRITE_STALL_S"),
)


@pytest.fixture(autouse=True)
def unhurried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In real time what ends a hang must not end what is only slow; a test of a limit sets its own."""
    if "autojump_clock" in request.fixturenames:
        return
    for module, limit in LIMITS:
        monkeypatch.setattr(module, limit, LONG_S)
    for part in (link_end, nats_readers):
        monkeypatch.setattr(part, "SILENT_NS", LONG_S * 1_000_000_000)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certify(authority: trustme.CA, tmp_path: Path) -> Certify:
    """Write the files of somebody with these names; `ca` and the moments can be others."""

    def write(*names: str, ca: trustme.CA | None = None, expired: datetime | None = None) -> TlsFiles:
        return write_files(tmp_path / "-".join(names), authority, ca or authority, *names, expired=expired)

    return write


def write_files(
    folder: Path, trusted: trustme.CA, issuer: trustme.CA, *names: str, expired: datetime | None = None
) -> TlsFiles:
    folder.mkdir(parents=True, exist_ok=True)
    files = TlsFiles(folder / "authority.pem", folder / "certificate.pem", folder / "key.pem")
    issued = issuer.issue_cert(*names, not_after=expired)
    trusted.cert_pem.write_to_path(files.authority)
    files.certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    files.key.touch(mode=0o600)
    files.key.write_bytes(issued.private_key_pem.bytes())
    return files
