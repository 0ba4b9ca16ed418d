"""`alphapulse certificates` makes files by which processes let each other in, and keeps what is there."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner

from alphapulse.cli.certificate_files import make_certificates
from alphapulse.cli.main import main
from alphapulse.errors import TlsFileError
from alphapulse.transport.address import TcpAddress
from alphapulse.transport.tls import TlsFiles
from tests.transport.mediums import LISTENER, PEER, Medium

pytestmark = pytest.mark.real_io


def files(folder: Path, name: str) -> TlsFiles:
    return TlsFiles(folder / "ca.pem", folder / f"{name}.pem", folder / f"{name}.key")


async def test_processes_with_these_files_know_each_other(tmp_path: Path) -> None:
    """The second call uses the authority of the first. No key can be read by others."""
    folder = tmp_path / "tls"
    for name, made in ((LISTENER, ["ca.pem", f"{LISTENER}.pem"]), (PEER, [f"{PEER}.pem"])):
        result = CliRunner().invoke(main, ["certificates", str(folder), name])
        assert (result.exit_code, result.output) == (0, "".join(f"made {folder / one}\n" for one in made))
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*.key")} == {0o600}
    medium = Medium("tcp", TcpAddress("127.0.0.1", 0), files(folder, LISTENER), files(folder, PEER))
    with trio.fail_after(60):
        async with medium.pair() as (ours, theirs):
            assert (ours.peer.name, theirs.peer.name) == (LISTENER, PEER)


def test_what_exists_is_kept(tmp_path: Path) -> None:
    make_certificates(tmp_path, ("a",))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(TlsFileError, match=r"a\.pem is there already"):
        make_certificates(tmp_path, ("b", "a"))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["", "ca", "../a", "a b", "-a", "a/CN=b", "a,DNS:b", "x" * 64])
def test_what_can_be_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TlsFileError, match="expected names of letters"):
        make_certificates(tmp_path / "tls", (name,))
    assert not (tmp_path / "tls").exists()


def test_a_missing_openssl_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TlsFileError, match="openssl was not found; install it"):
        make_certificates(tmp_path / "tls", ("a",))
