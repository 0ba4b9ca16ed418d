"""Every promise that is proven of trading for real."""

from __future__ import annotations

from tests.prove.outcome import Proof
from tests.prove_execution import ends, trading, weather

PROOFS = (
    Proof(
        "won",
        "gaps found, sent, won and booked to the wei: none that stands is missed, none that loses is sent",
        full=500,
        small=4,
        tried=trading.won,
    ),
    Proof(
        "won-elsewhere",
        "the same on a chain of another number, every contract and token elsewhere",
        full=100,
        small=3,
        tried=trading.won_elsewhere,
    ),
    Proof(
        "rivalled",
        "trades beside somebody who comes first: undone ones cost gas only, he is named, a breaker trips",
        full=200,
        small=4,
        tried=trading.rivalled,
    ),
    Proof(
        "halted",
        "halts at random moments: nothing is signed or sent behind them",
        full=100,
        small=3,
        tried=ends.halted,
    ),
    Proof(
        "killed",
        "kills -9 between intent and settlement: all known to the journal, no gap over a minute, none twice",
        full=200,
        small=3,
        tried=ends.killed,
    ),
    Proof(
        "reorganised",
        "reorganisations under our transactions: what was booked is taken back, and books equal the chain",
        full=100,
        small=3,
        tried=weather.reorganised,
    ),
    Proof(
        "stuck",
        "blocks with gas ten times as dear, lost, evicted and miscounted transactions: all settled in the end",
        full=200,
        small=4,
        tried=weather.stuck,
    ),
)
