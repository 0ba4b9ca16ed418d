"""The files by which a process proves who it is, and the TLS 1.3 contexts made of them."""

from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path
from typing import Any

import attrs

from alphapulse.errors import TlsFileError

GROUP_MAY_READ = stat.S_IRGRP


@attrs.frozen
class TlsFiles:
    """PEM files: the authority whose certificates are trusted, the own certificate (with its chain), and its key."""

    authority: Path
    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """For listeners: the peer must show a certificate of the authority.

        Raises:
            TlsFileError: a file is missing, wrong, or the key may be read by others.
        """
        context = self._loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        context.verify_mode = ssl.CERT_REQUIRED
        context.num_tickets = 0  # nobody resumes, and a ticket would be written to peers that never read
        return context

    def client_context(self) -> ssl.SSLContext:
        """For those who connect: the listener's certificate must be the authority's and carry the expected name."""
        return self._loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def _loaded(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        _check_key(self.key)
        try:
            context.load_verify_locations(cafile=self.authority)
        except OSError as problem:
            raise _unusable("authority", self.authority, problem) from problem
        try:
            context.load_cert_chain(self.certificate, self.key, password=self._no_password)
        except OSError as problem:
            if isinstance(problem, ssl.SSLError) and problem.reason == "KEY_VALUES_MISMATCH":
                raise TlsFileError(f"the key {self.key} is not that of the certificate {self.certificate}") from problem
            raise _unusable("certificate or key", self.certificate, problem) from problem
        return context

    def _no_password(self) -> str:
        raise TlsFileError(f"the key {self.key} is encrypted; a daemon has nobody to ask for the password")


def certificate_names(certificate: dict[str, Any]) -> tuple[str, ...]:
    """The names of a verified certificate, as `getpeercert` gives it: subjectAltName, else the common name."""
    alternative = tuple(value for kind, value in certificate.get("subjectAltName", ()) if kind in ("DNS", "IP Address"))
    if alternative:
        return alternative
    return tuple(value for part in certificate.get("subject", ()) for key, value in part if key == "commonName")


def _check_key(key: Path) -> None:
    """A key is its owner's alone; one that root owns may be read by a group, as container platforms hand it out."""
    try:
        found = key.stat()
    except OSError as problem:
        raise _unusable("key", key, problem) from problem
    allowed = stat.S_IRUSR | stat.S_IWUSR | (GROUP_MAY_READ if found.st_uid == 0 and os.getuid() != 0 else 0)
    mode = stat.S_IMODE(found.st_mode)
    if mode & ~allowed & (stat.S_IRWXG | stat.S_IRWXO):
        raise TlsFileError(f"the key {key} has mode {mode:04o}; expected one that only its owner may read (chmod 600)")


def _unusable(what: str, path: Path, problem: OSError) -> TlsFileError:
    if isinstance(problem, ssl.SSLError):
        return TlsFileError(f"the {what} {path} is no PEM file, or not what it must be: {problem.reason or problem}")
    return TlsFileError(f"the {what} {path} cannot be read: {problem.strerror}")
