"""A start that is not safe is refused with exit code 78, and with one line that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import trio
import trustme
from click.testing import CliRunner

from alphapulse.cli import daemon as command
from alphapulse.daemon import Daemon

EX_CONFIG = 78
BASE = """
[daemon]
data_folder = "data"
[web]
port = 0
[collectors.day]
kind = "recorded"
logs = ["package:demo/uniswap_v3_day/usdc_weth_2024-01-05_h00-12.logs.jsonl.gz"]
pools = "package:demo/uniswap_v3_day/pools.json"
[strategies.flash_arbitrage]
base_tokens = ["USDC"]
"""
TOKEN = "test-0123456789abcdefghijklmnopqrstuvwxyzAB"
KEYS = '{"keys": [{"name": "anna", "role": "viewer", "sha256": "' + "0" * 64 + '", "made_ns": 1}]}'


Spoil = Callable[["Site"], object]
"""Makes a start unsafe."""


@attrs.frozen
class Site:
    """A configuration and a data folder that are as they should be, until a test spoils something."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def write(self, name: str, text: str, mode: int = 0o600) -> Path:
        path = self.folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
        path.chmod(mode)
        return path


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path / "site")
    site.folder.mkdir(mode=0o755)
    site.data.mkdir(mode=0o700)
    site.write("config.toml", BASE, 0o644)
    return site


def setting(line: str, table: str = "web") -> Spoil:
    """One more line in a table of the configuration."""

    def spoil(site: Site) -> None:
        text = BASE.replace("port = 0\n", "") if line.startswith("port") else BASE
        site.write("config.toml", text.replace(f"[{table}]", f"[{table}]\n{line}"), 0o644)

    return spoil


def text(body: str) -> Spoil:
    return lambda site: site.write("config.toml", body, 0o644)


def mode(name: str, bits: int) -> Spoil:
    return lambda site: (site.folder / name).chmod(bits)


def held(name: str, body: str, bits: int = 0o600) -> Spoil:
    """A file of the data folder."""
    return lambda site: site.write(f"data/{name}", body, bits)


def linked(name: str, body: str) -> Spoil:
    def spoil(site: Site) -> None:
        real = site.write("elsewhere", body)
        (site.folder / name).unlink(missing_ok=True)
        (site.folder / name).symlink_to(real)

    return spoil


def other_owner(name: str) -> Spoil:
    def spoil(site: Site) -> None:
        if name.startswith("data/"):
            site.write(name, TOKEN)
        if os.geteuid() == 0:
            os.chown(site.folder / name, 12_345, -1)
        else:
            pytest.MonkeyPatch().setattr(os, "geteuid", lambda: 12_345)

    return spoil


def replaced(name: str, make: Callable[[Path], object]) -> Spoil:
    def spoil(site: Site) -> None:
        path = site.folder / name
        if path.is_dir():
            path.rmdir()
        path.unlink(missing_ok=True)
        make(path)

    return spoil


def open_parent(site: Site) -> None:
    site.folder.chmod(0o777)


def data_under_open_folder(site: Site) -> None:
    (site.folder / "open").mkdir()
    (site.folder / "open").chmod(0o777)
    setting('data_folder = "open/data"', "daemon")(site)
    site.write("config.toml", site.config.read_text().replace('data_folder = "data"\n', ""), 0o644)


def link_into_open_folder(site: Site) -> None:
    (site.folder / "open").mkdir()
    (site.folder / "open").chmod(0o777)
    (site.folder / "open" / "config.toml").write_text(BASE)
    site.config.unlink()
    site.config.symlink_to(site.folder / "open" / "config.toml")


def tls(certificate: bool, key: bool, bits: int = 0o600, *, twin: bool = False) -> Spoil:
    def spoil(site: Site) -> None:
        issued, other = trustme.CA().issue_cert("x"), trustme.CA().issue_cert("x")
        if certificate:
            site.write("web.pem", issued.cert_chain_pems[0].bytes().decode())
        if key:
            site.write("web.key", (other if twin else issued).private_key_pem.bytes().decode(), bits)
        setting('tls_certificate = "web.pem"\ntls_key = "web.key"')(site)

    return spoil


BAD = {
    # reached from elsewhere
    "all addresses": setting('host = "0.0.0.0"'),
    "all addresses, IPv6": setting('host = "::"'),
    "an address of the network": setting('host = "192.0.2.1"'),
    "a name": setting('host = "desk.example"'),
    "an empty name": setting('host = ""'),
    "a name that begins like loopback": setting('host = "127.0.0.1.evil.example"'),
    "the flag without TLS": setting('host = "0.0.0.0"\nallow_other_hosts = true'),
    "the flag without TLS, IPv6": setting('host = "::"\nallow_other_hosts = true'),
    "TLS without the flag": setting('host = "0.0.0.0"\ntls_certificate = "a"\ntls_key = "b"'),
    # TLS
    "a certificate without a key": setting('tls_certificate = "web.pem"'),
    "a key without a certificate": setting('tls_key = "web.key"'),
    "files of TLS that are missing": tls(False, False),
    "a missing certificate": tls(False, True),
    "a missing key": tls(True, False),
    "a key of TLS that all can read": tls(True, True, 0o644),
    "a key of TLS that the group can read": tls(True, True, 0o640),
    "a key of another certificate": tls(True, True, twin=True),
    # the configuration's file
    "a configuration that the group writes": mode("config.toml", 0o664),
    "a configuration that all write": mode("config.toml", 0o666),
    "a configuration that others write": mode("config.toml", 0o602),
    "a configuration of somebody else": other_owner("config.toml"),
    "a configuration in a folder that all write": open_parent,
    "a configuration behind a link into such a folder": link_into_open_folder,
    "a configuration that is a folder": replaced("config.toml", Path.mkdir),
    "a configuration that is a pipe": replaced("config.toml", os.mkfifo),
    "a configuration that leads nowhere": replaced("config.toml", lambda path: path.symlink_to("/nowhere")),
    "no configuration": replaced("config.toml", lambda _: None),
    # what it says
    "no TOML": text("= nothing"),
    "no text": lambda site: site.config.write_bytes(b"\xff\xfe\x00"),
    "an unknown table": text(BASE + "[webb]\n"),
    "an unknown key": setting("hots = 1"),
    "an unknown key of the daemon": setting('token = "abc"', "daemon"),
    "a key that was misspelt": setting('allowed_host = ["x"]'),
    "an unknown mode": setting('mode = "real"\n#', "daemon"),
    "a port that is none": setting("port = 65536"),
    "a port that is text": setting('port = "8321"'),
    "a flag that is a number": setting("allow_other_hosts = 1"),
    "a flag that is text": setting('allow_other_hosts = "yes"'),
    "names that are no list": setting('allowed_hosts = "x"'),
    "a name with a control character": setting('host = "\\u0000"'),
    # the data folder
    "a data folder that the group writes": mode("data", 0o770),
    "a data folder that all write": mode("data", 0o777),
    "a data folder that all write, sticky": mode("data", 0o1777),
    "a data folder of somebody else": other_owner("data"),
    "a data folder that is a file": replaced("data", Path.touch),
    "a data folder in a folder that all write": data_under_open_folder,
    # the token
    "a token that all can read": held("token", TOKEN, 0o644),
    "a token that the group can read": held("token", TOKEN, 0o640),
    "a token that others can write": held("token", TOKEN, 0o602),
    "an empty token": held("token", ""),
    "a short token": held("token", "secret"),
    "a token of 42 characters": held("token", TOKEN[:42]),
    "a sample token": held("token", "changeme" * 6),
    "a token of one letter": held("token", "a" * 43),
    "a token in foreign letters": held("token", "ä" * 43),
    "a token that is binary": held("token", TOKEN + "\x07"),
    "a token without end": held("token", TOKEN * 100),
    "a token behind a link": linked("data/token", TOKEN),
    "a token of somebody else": other_owner("data/token"),
    "a token that is a folder": replaced("data/token", Path.mkdir),
    "a token that is a pipe": replaced("data/token", os.mkfifo),
    # the keys
    "keys that all can read": held("keys.json", KEYS, 0o644),
    "keys that the group can write": held("keys.json", KEYS, 0o620),
    "keys behind a link": linked("data/keys.json", KEYS),
    "keys that are no JSON": held("keys.json", "{"),
    "keys with an unknown role": held("keys.json", KEYS.replace("viewer", "root")),
    "keys with an unknown field": held("keys.json", KEYS.replace('"made_ns"', '"key": "x", "made_ns"')),
    "keys named like the owner": held("keys.json", KEYS.replace("anna", "owner")),
    "keys that are a folder": replaced("data/keys.json", Path.mkdir),
}


def test_there_are_as_many_as_were_promised() -> None:
    assert len(BAD) >= 60


async def started(_: Daemon, *, task_status: trio.TaskStatus[None]) -> None:
    """One that starts all the same ends at once, with another code."""
    task_status.started()


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD.keys())
def test_an_unsafe_start_is_refused(site: Site, spoil: Spoil, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "forbid_core_dumps", lambda: None)
    monkeypatch.setattr(command, "configure_logs", lambda: None)
    monkeypatch.setattr(command, "mask_last_words", lambda: None)
    monkeypatch.setattr(command, "hold_user_signals", lambda: None)
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", os.geteuid)  # some spoil it, and it is put back behind this
        patched.setattr(Daemon, "run", started)
        spoil(site)
        result = CliRunner().invoke(command.main, ["--config", str(site.config)])
    assert result.exit_code == EX_CONFIG, (result.output, result.exception)
    (line,) = result.output.strip().splitlines()
    assert line.startswith("alphapulse: configuration: ")
    assert TOKEN not in result.output


START = (sys.executable, "-c", "from alphapulse.cli.daemon import main; main()", "--config")


def begin(site: Site) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": os.environ["PATH"], "HOME": str(site.folder)}
    return subprocess.run(
        [*START, str(site.config)], env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.slow
@pytest.mark.real_io
@pytest.mark.parametrize("name", ["all addresses", "a configuration that all write", "a token that all can read"])
def test_the_program_itself_ends_with_78(site: Site, name: str) -> None:
    BAD[name](site)
    ended = begin(site)
    assert ended.returncode == EX_CONFIG
    assert ended.stderr.startswith("alphapulse: configuration: ")
    assert "Traceback" not in ended.stderr


@pytest.mark.real_io
def test_the_daemon_leaves_no_core() -> None:
    """Asked of a process of its own: the limits of this one are the test runner's."""
    script = (
        "import ctypes, resource; from alphapulse.cli.core_dumps import forbid_core_dumps; forbid_core_dumps();"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    told = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == f"(0, 0) {0 if sys.platform == 'linux' else -1}"
