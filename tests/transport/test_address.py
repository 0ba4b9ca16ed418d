"""Addresses are read from text, give it back, and say what is wrong with what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import AddressError
from alphapulse.transport.address import (
    Address,
    MemoryAddress,
    NatsAddress,
    TcpAddress,
    UnixAddress,
    parse_address,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("unix:/run/alphapulse/market.sock", UnixAddress(Path("/run/alphapulse/market.sock"))),
        ("unix:/" + "x" * 106, UnixAddress(Path("/" + "x" * 106))),
        ("tcp:relay.internal:7000", TcpAddress("relay.internal", 7000)),
        ("tcp:127.0.0.1:0", TcpAddress("127.0.0.1", 0)),
        ("tcp:[::1]:65535", TcpAddress("::1", 65_535)),
        ("nats://localhost:4222", NatsAddress("localhost", 4222)),
        ("nats://[fe80::1]:4222", NatsAddress("fe80::1", 4222)),
        ("memory:market", MemoryAddress("market")),
    ],
)
def test_an_address_is_read_and_gives_its_text_back(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a scheme and a colon"),
        ("/run/market.sock", "expected a scheme and a colon"),
        ("rdma:host:1", "RDMA is not available in this version; use unix: on one machine"),
        ("unx:/a", "expected one of the schemes unix, tcp, nats, memory, was 'unx'; did you mean 'unix'?"),
        ("tcps:host:1", "did you mean 'tcp'?"),
        ("natz://host:1", "did you mean 'nats'?"),
        ("UNIX:/a", "was 'UNIX'; did you mean"),
        ("unix:", "expected the absolute path of a socket file"),
        ("unix:relative.sock", "expected the absolute path of a socket file"),
        ("unix:/folder/", "expected the absolute path of a socket file"),
        ("unix:/" + "x" * 107, "the path has 108 bytes, and the system takes at most 107"),
        ("unix:/" + "\N{GREEK SMALL LETTER ALPHA}" * 54, "the path has 109 bytes"),
        ("unix:/a\0b", "expected printable characters only"),
        ("tcp:host", "expected a host and a port, such as tcp:host:7000"),
        ("tcp::7000", "expected a host name or an IP address"),
        ("tcp:host:", "expected a port from 0 to 65535, was ''"),
        ("tcp:host:65536", "expected a port from 0 to 65535, was '65536'"),
        ("tcp:host:-1", "expected a port from 0 to 65535, was '-1'"),
        ("tcp:host:\N{ARABIC-INDIC DIGIT ONE}", "expected a port from 0 to 65535"),
        ("tcp:::1:7000", "expected square brackets around an IPv6 address"),
        ("tcp://host:7000", "expected a host name or an IP address"),
        ("nats:host:4222", "expected two slashes behind the colon"),
        ("nats://host:0", "expected a port from 1 to 65535, was '0'"),
        ("nats://host:4222/path", "expected a port from 1 to 65535"),
        ("memory:", "expected a name behind the colon"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(AddressError) as refused:
        parse_address(text)
    assert words in str(refused.value)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(AddressError) as refused:
        parse_address("nats://user:secret@host:4222")
    assert "holds no password" in str(refused.value)
    assert "secret" not in str(refused.value)


SCHEMED = st.builds("{}:{}".format, st.sampled_from(["unix", "tcp", "nats", "memory"]), st.text(max_size=150))


@given(st.text(max_size=200) | SCHEMED)
def test_any_text_is_an_address_that_gives_it_back_or_is_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert parse_address(str(address)) == address
