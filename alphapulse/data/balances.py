"""Balances of accounts: wallets on chain and accounts with exchanges."""

from __future__ import annotations

import enum

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.limits import INSTRUMENTS
from alphapulse.data.quantities import Quantity
from alphapulse.data.wire import NAME, SENTENCE, U64, Choice, Domain, Many, Record, message, record, wire


@record
class Holding:
    """What an account has of one asset."""

    asset: InstrumentId = wire(Record(InstrumentId))
    total: Quantity = wire(Record(Quantity))
    held: Quantity = wire(Record(Quantity), "part of the total that open orders hold")


@message(type=48, domain=Domain.EXECUTION)
class Balance:
    """An account's balance of one asset."""

    account: str = wire(NAME, "address, or the exchange's name of the account")
    holding: Holding = wire(Record(Holding))
    as_of_ns: int = wire(U64, "the venue's time", unit="ns since 1970 UTC")


@message(type=46, domain=Domain.EXECUTION)
class Portfolio:
    """An account's balances, all at one moment. More assets than the limit are several messages of the same moment."""

    account: str = wire(NAME, "address, or the exchange's name of the account")
    holdings: tuple[Holding, ...] = wire(Many(Record(Holding), INSTRUMENTS))
    as_of_ns: int = wire(U64, "the venue's time", unit="ns since 1970 UTC")


@message(type=63, domain=Domain.EXECUTION)
class CollateralUpdate:
    """What secures an account's debt or margin, and how much must."""

    account: str = wire(NAME, "address, or the exchange's name of the account")
    asset: InstrumentId = wire(Record(InstrumentId))
    posted: Quantity = wire(Record(Quantity))
    required: Quantity = wire(Record(Quantity), "less than this is liquidated")
    as_of_ns: int = wire(U64, "the venue's time", unit="ns since 1970 UTC")


class PortfolioChange(enum.IntEnum):
    """Why a balance changed without a trade."""

    DEPOSIT = 1
    WITHDRAWAL = 2
    TRANSFER = 3
    FEE = 4
    INTEREST = 5
    RECONCILIATION = 6


@message(type=65, domain=Domain.EXECUTION)
class PortfolioEvent:
    """A balance changed without a trade."""

    account: str = wire(NAME, "address, or the exchange's name of the account")
    kind: PortfolioChange = wire(Choice(PortfolioChange))
    asset: InstrumentId = wire(Record(InstrumentId))
    change: Quantity = wire(Record(Quantity))
    text: str = wire(SENTENCE, "transaction hash, the exchange's number, or what was found")
    at_ns: int = wire(U64, "the venue's time", unit="ns since 1970 UTC")
