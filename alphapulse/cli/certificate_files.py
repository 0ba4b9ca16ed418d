"""A private authority and the certificates of processes, made by the system's `openssl`.

Checking certificates is the ssl module's work. Making them is needed once in a while by a person; a package for it
would be the daemon's largest.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from alphapulse.errors import TlsFileError

AUTHORITY_DAYS = 3_650
DAYS = 365
KEY_KIND = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?", re.IGNORECASE)
_RESERVED = "ca"


def make_certificates(folder: Path, names: tuple[str, ...]) -> list[Path]:
    """Make `NAME.pem` and `NAME.key` for each name, and `ca.pem` and `ca.key` if they are not there.

    Returns the certificates that were made. What exists is never overwritten.

    Raises:
        TlsFileError: a name can be none, a file is there already, or openssl is missing or failed.
    """
    for name in names:
        if name == _RESERVED or not _NAME.fullmatch(name):
            raise TlsFileError(f"expected names of letters, digits, dots, hyphens and underscores, was {name!r}")
        for path in (_certificate(folder, name), _key(folder, name)):
            if path.exists():
                raise TlsFileError(f"{path} is there already; remove it to have another one made")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    if not _certificate(folder, _RESERVED).exists():
        _openssl(
            folder, _RESERVED, "-days", str(AUTHORITY_DAYS), "-subj", "/CN=AlphaPulse authority",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip
        made.append(_certificate(folder, _RESERVED))
    for name in names:
        _openssl(
            folder, name, "-days", str(DAYS), "-subj", f"/CN={name}",
            "-CA", str(_certificate(folder, _RESERVED)), "-CAkey", str(_key(folder, _RESERVED)),
            "-addext", f"subjectAltName=DNS:{name}", "-addext", "basicConstraints=critical,CA:FALSE",
            "-addext", "keyUsage=critical,digitalSignature", "-addext", "extendedKeyUsage=serverAuth,clientAuth",
        )  # fmt: skip
        made.append(_certificate(folder, name))
    return made


def _openssl(folder: Path, name: str, *arguments: str) -> None:
    certificate, key = _certificate(folder, name), _key(folder, name)
    command = ["openssl", "req", "-x509", *KEY_KIND, "-keyout", str(key), "-out", str(certificate), *arguments]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, umask=0o077)  # noqa: S603 - names are checked
    except FileNotFoundError:
        raise TlsFileError("openssl was not found; install it (Debian: apt install openssl)") from None
    except subprocess.CalledProcessError as problem:
        for path in (certificate, key):
            path.unlink(missing_ok=True)
        words = problem.stderr.strip().splitlines()
        raise TlsFileError(
            f"openssl could not make {certificate}: {words[-1] if words else 'it said nothing'}; version 3 is needed"
        ) from problem


def _certificate(folder: Path, name: str) -> Path:
    return folder / f"{name}.pem"


def _key(folder: Path, name: str) -> Path:
    return folder / f"{name}.key"
