"""Every promise that is proven on the running daemon."""

from __future__ import annotations

from tests.prove import (
    audit_damage,
    flooded_halts,
    full_disk,
    hard_kills,
    kills,
    siege,
    stalled_clients,
    stalls,
    terminations,
)
from tests.prove.outcome import Proof

PROOFS = (
    Proof(
        "kills",
        "kills at full replay speed: nothing is proposed, approved or sent once the gate is closed",
        full=200,
        small=5,
        tried=kills.tried,
    ),
    Proof(
        "hard-kills",
        "kill -9 in the midst of a halt: never ACTIVE afterwards, no second flatten in a halt",
        full=300,
        small=4,
        tried=hard_kills.tried,
    ),
    Proof(
        "terminations",
        "SIGTERM at random moments under load: it ends in time, the next start is clean",
        full=60,
        small=3,
        tried=terminations.tried,
    ),
    Proof(
        "siege",
        "mutated requests and abrupt closes while the firehose streams: it trades on",
        full=20_000,
        small=200,
        tried=siege.tried,
    ),
    Proof("stalled-clients", "SIGTERM with 200 clients that never read", full=5, small=1, tried=stalled_clients.tried),
    Proof(
        "flooded-halts",
        "halts while the HTTP side is flooded: no limit of requests is in their way",
        full=100,
        small=3,
        tried=flooded_halts.tried,
    ),
    Proof(
        "stalls",
        "a loop that stands still: halted by the watchdog, and ended; SIGSTOP is no stall",
        full=12,
        small=3,
        tried=stalls.tried,
    ),
    Proof(
        "full-disk",
        "a disk that is full: halted, nothing lost that was told, said so; the next start is HALTED and resumable",
        full=20,
        small=1,
        tried=full_disk.tried,
    ),
    Proof(
        "audit",
        "a journal that was edited, cut, or put in another order: `alphapulse audit verify` finds it",
        full=2_100,
        small=28,
        tried=audit_damage.tried,
    ),
)
