"""What OpenSSL found wrong, in words that say what to do."""

from __future__ import annotations

import ssl

from alphapulse.errors import LinkClosed, PeerRefused, TransportError

# The numbers are X509_V_ERR_… of OpenSSL's x509_vfy.h: what this side found in the other's certificate.
_THEIR_CERTIFICATE = {
    9: "its certificate is not valid yet; compare the clocks of the two machines",
    10: "its certificate has expired; issue a new one",
    18: "its certificate is self-signed; issue it from the configured authority",
    19: "its certificate comes from another authority than the configured one",
    20: "its certificate comes from another authority than the configured one",
    62: "its certificate carries another name; expected {name!r}",
    64: "its certificate carries another name; expected {name!r}",
}
# Alerts of RFC 8446 6.2 as OpenSSL names them: what the other side told us.
_THEIR_ALERT = {
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "our certificate has expired; issue a new one",
    "TLSV1_ALERT_UNKNOWN_CA": "our certificate comes from another authority than the one it trusts",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a certificate and was given none",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it does not accept our certificate",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "our certificate is not made for this use; it needs client and server use",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it does not speak TLS 1.3",
    "TLSV1_ALERT_DECRYPT_ERROR": "it could not verify our signature",
}
# What OpenSSL says of a peer that speaks something else.
_THEIR_SPEECH = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it showed no certificate",
    "UNSUPPORTED_PROTOCOL": "it does not speak TLS 1.3",
    "NO_PROTOCOLS_AVAILABLE": "it does not speak TLS 1.3",
    "UNSUPPORTED_VERSION": "it does not speak TLS 1.3",
    "WRONG_VERSION_NUMBER": "it does not speak TLS",
    "HTTP_REQUEST": "it does not speak TLS but HTTP",
}


def tls_error(problem: ssl.SSLError, peer: str, expected_name: str | None = None) -> TransportError:
    """The error to raise for what OpenSSL found in talking to `peer`, whose name was to be `expected_name`."""
    reason = problem.reason or ""
    if isinstance(problem, ssl.SSLCertVerificationError):
        words = _THEIR_CERTIFICATE.get(problem.verify_code, f"its certificate was refused: {problem.verify_message}")
        return PeerRefused(f"{peer}: {words.format(name=expected_name)}")
    if reason in _THEIR_ALERT:
        return PeerRefused(f"{peer} refused us: {_THEIR_ALERT[reason]}")
    if reason in _THEIR_SPEECH:
        return PeerRefused(f"{peer}: {_THEIR_SPEECH[reason]}")
    if isinstance(problem, ssl.SSLEOFError):
        return LinkClosed(f"the connection to {peer} broke off")
    return LinkClosed(f"the connection to {peer} broke off: {reason.lower().replace('_', ' ') or problem}")
