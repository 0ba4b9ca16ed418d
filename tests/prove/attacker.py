"""Throws mutated requests at a port of this machine: `python -m tests.prove.attacker PORT SEED COUNT`."""

from __future__ import annotations

import random
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.web.hostile import CORPUS

THREADS = 4
LOOK_S = 0.02
"""How long an answer is waited for: what is not answered by then is left."""
LONGEST_CUT = 200


def mutated(chance: random.Random) -> list[bytes]:
    """The chunks of one attack of the corpus, with one to eight bytes, or pieces, not as they were."""
    chunks = [bytearray(chunk) for chunk in chance.choice(CORPUS).chunks] or [bytearray(b"\r\n")]
    for _ in range(chance.randint(1, 8)):
        chunk = chance.choice(chunks)
        at = chance.randrange(len(chunk) + 1)
        match chance.randrange(5):
            case 0 if at < len(chunk):
                chunk[at] ^= 1 << chance.randrange(8)
            case 1:
                chunk[at:at] = chance.randbytes(chance.randint(1, 8))
            case 2:
                del chunk[at : at + chance.randint(1, LONGEST_CUT)]
            case 3:
                chunk[at:at] = chunk[at : at + chance.randint(1, LONGEST_CUT)]
            case _:
                chunk[at:at] = chance.choice((b"\r\n", b"\r\n\r\n", b"\x00", b": ", b"%00", b"\xff", b"0\r\n"))
    return [bytes(chunk) for chunk in chunks]


def strike(port: int, seed: int) -> None:
    """One connection: send, look at what comes, and go: in good order, or with a reset."""
    chance = random.Random(seed)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            for chunk in mutated(chance):
                client.settimeout(5)
                client.sendall(chunk)
                client.settimeout(LOOK_S)
                client.recv(65_536)
            if chance.random() < 0.5:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        return  # cut off, or left without an answer: an answer like any other


def main() -> None:
    """Strike COUNT times; the seeds of two attackers do not meet."""
    port, seed, count = map(int, sys.argv[1:])
    with ThreadPoolExecutor(THREADS) as threads:
        for _ in threads.map(lambda number: strike(port, seed << 32 | number), range(count)):
            pass


if __name__ == "__main__":
    main()
