# pragma version ==0.4.3
"""
@notice Says that it is a pool of a factory that does not know it, and emits whatever log it is told to.
"""

factory: public(address)
token0: public(address)
token1: public(address)
fee: public(uint24)
tickSpacing: public(int24)


@deploy
def __init__(factory: address, token0: address, token1: address, fee: uint24, spacing: int24):
    self.factory = factory
    self.token0 = token0
    self.token1 = token1
    self.fee = fee
    self.tickSpacing = spacing


@external
@view
def getReserves() -> (uint112, uint112, uint32):
    return 10 ** 24, 10 ** 12, 1


@external
@view
def slot0() -> (uint160, int24, uint16, uint16, uint16, uint8, bool):
    return 2 ** 96, 0, 0, 1, 1, 0, True


@external
@view
def liquidity() -> uint128:
    return 10 ** 24


@external
def utter(topics: DynArray[bytes32, 4], data: Bytes[1024]):
    """Emit a log."""
    if len(topics) == 0:
        raw_log([], data)
    elif len(topics) == 1:
        raw_log([topics[0]], data)
    elif len(topics) == 2:
        raw_log([topics[0], topics[1]], data)
    elif len(topics) == 3:
        raw_log([topics[0], topics[1], topics[2]], data)
    else:
        raw_log([topics[0], topics[1], topics[2], topics[3]], data)
