# pragma version ==0.4.3
"""
@notice Calls pools directly and pays them from whoever called it, who has approved it before. Positions in V3 and
        Algebra pools belong to this contract, so that anybody may burn them: a plaything for a private chain, no more.
"""

interface Pool:
    def token0() -> address: view
    def token1() -> address: view

interface Concentrated:
    def swap(recipient: address, zero_for_one: bool, amount: int256, limit: uint160, data: Bytes[1]) -> (int256, int256): nonpayable
    def mint(recipient: address, lower: int24, upper: int24, liquidity: uint128, data: Bytes[1]) -> (uint256, uint256): nonpayable
    def burn(lower: int24, upper: int24, liquidity: uint128) -> (uint256, uint256): nonpayable
    def collect(recipient: address, lower: int24, upper: int24, amount0: uint128, amount1: uint128) -> (uint128, uint128): nonpayable
    def flash(recipient: address, amount0: uint256, amount1: uint256, data: Bytes[1]): nonpayable

interface Algebra:
    def mint(payer: address, recipient: address, lower: int24, upper: int24, liquidity: uint128, data: Bytes[1]) -> (uint256, uint256, uint128): nonpayable

interface Token:
    def balanceOf(owner: address) -> uint256: view

interface Pair:
    def getReserves() -> (uint256, uint256): view
    def swap(amount0: uint256, amount1: uint256, recipient: address, data: Bytes[1]): nonpayable
    def mint(recipient: address) -> uint256: nonpayable
    def burn(recipient: address) -> (uint256, uint256): nonpayable
    def sync(): nonpayable

payer: transient(address)
pool: transient(address)
lent0: transient(uint256)
lent1: transient(uint256)


@internal
def _begin(pool: address):
    self.payer = msg.sender
    self.pool = pool


@internal
def _send(token: address, sender: address, receiver: address, amount: uint256):
    """A raw call: a token that returns nothing is paid too."""
    if amount > 0:
        raw_call(
            token, abi_encode(sender, receiver, amount, method_id=method_id("transferFrom(address,address,uint256)"))
        )


@internal
def _pay(amount0: uint256, amount1: uint256):
    assert msg.sender == self.pool, "not the pool that was called"
    self._send(staticcall Pool(msg.sender).token0(), self.payer, msg.sender, amount0)
    self._send(staticcall Pool(msg.sender).token1(), self.payer, msg.sender, amount1)


@internal
def _pay_swap(delta0: int256, delta1: int256):
    self._pay(convert(max(delta0, 0), uint256), convert(max(delta1, 0), uint256))


@external
def swap(pool: address, zero_for_one: bool, amount: int256, limit: uint160):
    """V3 and Algebra: exact input if `amount` is positive, exact output if it is negative."""
    self._begin(pool)
    extcall Concentrated(pool).swap(msg.sender, zero_for_one, amount, limit, b"")


@external
def mint(pool: address, lower: int24, upper: int24, liquidity: uint128):
    self._begin(pool)
    extcall Concentrated(pool).mint(self, lower, upper, liquidity, b"")


@external
def mint_algebra(pool: address, lower: int24, upper: int24, liquidity: uint128):
    self._begin(pool)
    extcall Algebra(pool).mint(self, self, lower, upper, liquidity, b"")


@external
def burn(pool: address, lower: int24, upper: int24, liquidity: uint128):
    extcall Concentrated(pool).burn(lower, upper, liquidity)


@external
def collect(pool: address, lower: int24, upper: int24, amount0: uint128, amount1: uint128):
    extcall Concentrated(pool).collect(msg.sender, lower, upper, amount0, amount1)


@external
def flash(pool: address, amount0: uint256, amount1: uint256):
    self._begin(pool)
    self.lent0 = amount0
    self.lent1 = amount1
    extcall Concentrated(pool).flash(msg.sender, amount0, amount1, b"")


@external
def swap_pair(pool: address, zero_for_one: bool, amount: uint256, fee_ppm: uint256):
    """V2: pay `amount` and take all that the pair gives for what has arrived of it."""
    token: address = staticcall Pool(pool).token0() if zero_for_one else staticcall Pool(pool).token1()
    self._send(token, msg.sender, pool, amount)
    reserve0: uint256 = 0
    reserve1: uint256 = 0
    reserve0, reserve1 = staticcall Pair(pool).getReserves()
    reserve_in: uint256 = reserve0 if zero_for_one else reserve1
    kept: uint256 = (staticcall Token(token).balanceOf(pool) - reserve_in) * (10 ** 6 - fee_ppm)
    bought: uint256 = kept * (reserve1 if zero_for_one else reserve0) // (reserve_in * 10 ** 6 + kept)
    extcall Pair(pool).swap(0 if zero_for_one else bought, bought if zero_for_one else 0, msg.sender, b"")


@external
def mint_pair(pool: address, amount0: uint256, amount1: uint256):
    self._send(staticcall Pool(pool).token0(), msg.sender, pool, amount0)
    self._send(staticcall Pool(pool).token1(), msg.sender, pool, amount1)
    extcall Pair(pool).mint(msg.sender)


@external
def burn_pair(pool: address, liquidity: uint256):
    self._send(pool, msg.sender, pool, liquidity)
    extcall Pair(pool).burn(msg.sender)


@external
def donate(pool: address, token: address, amount: uint256):
    """V2: send tokens and let the pair take notice, which moves its price without a swap."""
    self._send(token, msg.sender, pool, amount)
    extcall Pair(pool).sync()


@external
def uniswapV3SwapCallback(delta0: int256, delta1: int256, data: Bytes[1]):
    self._pay_swap(delta0, delta1)


@external
def algebraSwapCallback(delta0: int256, delta1: int256, data: Bytes[1]):
    self._pay_swap(delta0, delta1)


@external
def uniswapV3MintCallback(amount0: uint256, amount1: uint256, data: Bytes[1]):
    self._pay(amount0, amount1)


@external
def algebraMintCallback(amount0: uint256, amount1: uint256, data: Bytes[1]):
    self._pay(amount0, amount1)


@external
def uniswapV3FlashCallback(fee0: uint256, fee1: uint256, data: Bytes[1]):
    self._pay(self.lent0 + fee0, self.lent1 + fee1)


@external
def algebraFlashCallback(fee0: uint256, fee1: uint256, data: Bytes[1]):
    self._pay(self.lent0 + fee0, self.lent1 + fee1)
