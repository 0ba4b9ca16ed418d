"""What only a topology needs is not read by a daemon that is one process: it costs start and memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = "import sys, alphapulse.daemon, alphapulse_web.daemon_service\nprint(*sys.modules)"
NOT_READ = (
    "alphapulse.composition.roads",
    "alphapulse.relays.nats_link",
    "alphapulse.relays.relay_link",
    "alphapulse.relays.relay_server",
    "alphapulse.transport.nats_connection",
    "alphapulse.transport.tls",
)


@pytest.fixture(scope="module")
def read() -> set[str]:
    """The modules that such a daemon imports."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", NOT_READ)
def test_links_are_read_on_first_use(read: set[str], module: str) -> None:
    assert module not in read


def test_a_program_holds_its_signals_before_a_library_starts_threads() -> None:
    """NumPy's do not hold what is held later: SIGUSR1 in the midst of a start would end the process."""
    program = "import sys, alphapulse.cli.daemon\nassert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
