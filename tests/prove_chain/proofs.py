"""Every promise that is proven of the live chain."""

from __future__ import annotations

from tests.prove.outcome import Proof
from tests.prove_chain import lying_nodes, memory, real_chain

PROOFS = (
    Proof(
        "moves",
        "seeded swaps, mints and burns on a real chain: every pool equal to it at every block",
        full=10_000,
        small=80,
        tried=real_chain.moves,
    ),
    Proof(
        "moves-elsewhere",
        "the same on a chain on which every contract and token has another address",
        full=2_000,
        small=60,
        tried=real_chain.moves_elsewhere,
    ),
    Proof(
        "faulty-blocks",
        "blocks of a real chain told badly: complete or not fresh within two blocks, nothing solved on less",
        full=1_000,
        small=12,
        tried=real_chain.faulty_blocks,
    ),
    Proof(
        "reorganisations",
        "reorganisations 1 to 64 deep, told as by anvil and by geth: followed to the last state",
        full=300,
        small=8,
        tried=real_chain.reorganisations,
    ),
    Proof(
        "forked-node",
        "one of three nodes follows another branch: after five seconds none of it is solved on",
        full=200,
        small=10,
        tried=real_chain.forked_nodes,
    ),
    Proof(
        "silences",
        "a subscription, or all nodes, fall silent: noticed within three block times",
        full=100,
        small=2,
        tried=real_chain.silences,
    ),
    Proof(
        "faults-in-memory",
        "faults in simulated time: the end equal to the chain, none unnoticed, nothing solved on less",
        full=10_000,
        small=150,
        tried=memory.faults_in_memory,
    ),
    Proof(
        "lying-nodes",
        "three nodes that lag, fork, hang, limit or change chain: no liar is followed, two honest ones can be asked",
        full=2_000,
        small=6,
        tried=lying_nodes.lying_nodes,
    ),
)
