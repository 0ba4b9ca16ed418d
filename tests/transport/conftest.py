"""Certificates for the tests: one authority for the run, and files of each name that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import trustme

from alphapulse.transport.tls import TlsFiles

Certify = Callable[..., TlsFiles]


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
