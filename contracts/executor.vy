# pragma version ==0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title Executor
@notice Runs one path of swaps over Uniswap V2, Uniswap V3 and Algebra pools, for its owner alone, and pays what the
        path has earned to the owner, or undoes everything.
@dev A path begins and ends in the base token. It is funded by its first pool (V2 or V3 flash swap), by a loan
     (Balancer V2 vault, Aave V3 pool) or by what the owner has allowed for exactly this trade. The contract holds
     nothing between transactions and gives no approval but the exact one that Aave takes back at once.

     A leg sells exactly what the leg before has bought. What comes here in between is watched: when it has been sold,
     the balance must not be less than before it was bought, so that no leg is paid from tokens that somebody has left
     here. What a V2 pair sells next is sent to it by the pool that sold it, and never comes here.

     A callback is accepted once, from the very contract that was called, with the path that it was called with.

     Packed path, numbers big-endian:
       0    u8    funding: 0 stock, 1 first pool, 2 Balancer, 3 Aave
       1    u64   last block in which it may run
       9    u128  least profit, raw base token
       25   u128  first amount in, raw base token
       41   20 B  base token
       61   20 B  lender (Balancer's vault or Aave's pool), else zero
       81   legs of 60 bytes, 1 to 8:
         0    20 B  pool
         20   u8    bits 0-3: 1 V2, 2 V3, 3 Algebra; bit 7: token0 is sold
         21   u24   fee in parts per million, of V2 pools
         24   u128  least amount out
         40   20 B  token out
"""

interface Token:
    def balanceOf(owner: address) -> uint256: view
    def transfer(to: address, amount: uint256) -> bool: nonpayable
    def transferFrom(sender: address, to: address, amount: uint256) -> bool: nonpayable
    def approve(spender: address, amount: uint256) -> bool: nonpayable

interface PairV2:
    def getReserves() -> (uint112, uint112, uint32): view
    def swap(amount0_out: uint256, amount1_out: uint256, to: address, data: Bytes[PATH_BYTES]): nonpayable

interface PoolV3:  # Algebra's `swap` has the same signature
    def swap(to: address, zero_for_one: bool, amount: int256, limit: uint160, data: Bytes[PATH_BYTES]) -> (int256, int256): nonpayable

interface Vault:
    def flashLoan(recipient: address, tokens: DynArray[address, 1], amounts: DynArray[uint256, 1], data: Bytes[PATH_BYTES]): nonpayable

interface Lender:
    def flashLoanSimple(receiver: address, asset: address, amount: uint256, params: Bytes[PATH_BYTES], referral: uint16): nonpayable

struct Leg:
    pool: address
    kind: uint256
    zero_for_one: bool
    fee_ppm: uint256
    least: uint256
    token_out: address

MOST_LEGS: constant(uint256) = 8
HEADER: constant(uint256) = 81
LEG: constant(uint256) = 60
PATH_BYTES: constant(uint256) = 561  # 81 + 8 * 60

STOCK: constant(uint256) = 0
FIRST_POOL: constant(uint256) = 1
BALANCER: constant(uint256) = 2
AAVE: constant(uint256) = 3

V2: constant(uint256) = 1
V3: constant(uint256) = 2
ALGEBRA: constant(uint256) = 3

PPM: constant(uint256) = 1_000_000
MIN_LIMIT: constant(uint160) = 4295128740  # TickMath.MIN_SQRT_RATIO + 1
MAX_LIMIT: constant(uint160) = 1461446703485210103287273052203988822378723970341  # TickMath.MAX_SQRT_RATIO - 1
ADDRESS_BITS: constant(uint256) = 2**160 - 1

OWNER: public(immutable(address))

# The one contract whose callback is awaited, and whether it funds the path: else it is only paid for its leg.
_awaited: transient(address)
_funds: transient(bool)
_path_hash: transient(bytes32)
# What a leg's pool may ask for, and of which token.
_due_token: transient(address)
_due: transient(uint256)


@deploy
def __init__():
    OWNER = msg.sender


@external
@nonreentrant
def execute(path: Bytes[PATH_BYTES]):
    """
    @notice Runs a path and pays what it earned to the owner.
    @dev Reverts: NotOwner(), BadPath(uint256 at), DeadlinePassed(uint256 block, uint256 deadline),
         LegBelowMinimum(uint256 leg, uint256 received, uint256 least), LegNotWhole(uint256 leg, uint256 owed, uint256 offered),
         StockTouched(address token, uint256 before, uint256 after), ForeignCallback(address caller),
         NotFunded(address awaited), TransferFailed(address token), ProfitBelowFloor(uint256 left, uint256 needed), or what a pool or token says.
    """
    if msg.sender != OWNER:
        raw_revert(method_id("NotOwner()"))
    size: uint256 = len(path)
    if size < HEADER + LEG or (size - HEADER) % LEG != 0:
        raw_revert(abi_encode(size, method_id=method_id("BadPath(uint256)")))
    head: uint256 = extract32(path, 0, output_type=uint256)
    funding: uint256 = head >> 248
    deadline: uint256 = (head >> 184) & (2**64 - 1)
    least_profit: uint256 = (head >> 56) & (2**128 - 1)
    amount: uint256 = extract32(path, 25, output_type=uint256) >> 128
    base: address = self._base(path)
    lender: address = convert(convert(extract32(path, 49, output_type=uint256) & ADDRESS_BITS, uint160), address)
    if block.number > deadline:
        raw_revert(abi_encode(block.number, deadline, method_id=method_id("DeadlinePassed(uint256,uint256)")))
    last: Leg = self._leg(path, (size - HEADER) // LEG - 1)
    if last.token_out != base or amount == 0:
        raw_revert(abi_encode(size, method_id=method_id("BadPath(uint256)")))

    before: uint256 = staticcall Token(base).balanceOf(self)
    needed: uint256 = before + least_profit
    if funding == FIRST_POOL:
        self._by_first_pool(path, base, amount)
    elif funding == STOCK:
        needed += amount
        if not extcall Token(base).transferFrom(OWNER, self, amount, default_return_value=True):
            raw_revert(abi_encode(base, method_id=method_id("TransferFailed(address)")))
        if staticcall Token(base).balanceOf(self) < before + amount:
            raw_revert(abi_encode(base, method_id=method_id("TransferFailed(address)")))
        self._legs(path, 0, base, amount, False)
    elif funding == BALANCER:
        self._await(lender, path)
        extcall Vault(lender).flashLoan(self, [base], [amount], path)
    elif funding == AAVE:
        self._await(lender, path)
        extcall Lender(lender).flashLoanSimple(self, base, amount, path, 0)
    else:
        raw_revert(abi_encode(empty(uint256), method_id=method_id("BadPath(uint256)")))

    if self._awaited != empty(address):
        raw_revert(abi_encode(self._awaited, method_id=method_id("NotFunded(address)")))
    left: uint256 = staticcall Token(base).balanceOf(self)
    if left < needed:
        raw_revert(abi_encode(left, needed, method_id=method_id("ProfitBelowFloor(uint256,uint256)")))
    if left > before:
        self._send(base, OWNER, left - before)


@external
def uniswapV2Call(sender: address, amount0: uint256, amount1: uint256, path: Bytes[PATH_BYTES]):
    """
    @notice A V2 pair has lent what the first leg buys; it is paid with what the others bring.
    """
    self._accept(path)
    first: Leg = self._leg(path, 0)
    received: uint256 = amount1 if first.zero_for_one else amount0
    self._legs(path, 1, first.token_out, received, False)
    self._send(self._base(path), msg.sender, extract32(path, 25, output_type=uint256) >> 128)


@external
def uniswapV3SwapCallback(delta0: int256, delta1: int256, path: Bytes[PATH_BYTES]):
    """
    @notice A V3 pool asks for its due.
    """
    self._pay_pool(delta0, delta1, path)


@external
def algebraSwapCallback(delta0: int256, delta1: int256, path: Bytes[PATH_BYTES]):
    """
    @notice An Algebra pool asks for its due.
    """
    self._pay_pool(delta0, delta1, path)


@external
def receiveFlashLoan(tokens: DynArray[address, 1], amounts: DynArray[uint256, 1], fees: DynArray[uint256, 1], path: Bytes[PATH_BYTES]):
    """
    @notice Balancer's vault has lent the first amount.
    """
    self._accept(path)
    base: address = self._base(path)
    self._legs(path, 0, base, amounts[0], False)
    self._send(base, msg.sender, amounts[0] + fees[0])


@external
def executeOperation(asset: address, amount: uint256, premium: uint256, initiator: address, path: Bytes[PATH_BYTES]) -> bool:
    """
    @notice Aave's pool has lent the first amount; it takes exactly what it is owed.
    """
    self._accept(path)
    self._legs(path, 0, self._base(path), amount, False)
    if not extcall Token(asset).approve(msg.sender, amount + premium, default_return_value=True):
        raw_revert(abi_encode(asset, method_id=method_id("TransferFailed(address)")))
    return True


@external
@nonreentrant
def sweep(token: address, amount: uint256):
    """
    @notice Sends the owner what somebody has left here; the native coin if `token` is zero.
    """
    if msg.sender != OWNER:
        raw_revert(method_id("NotOwner()"))
    if token == empty(address):
        send(OWNER, amount, gas=msg.gas)
    else:
        self._send(token, OWNER, amount)


@internal
def _by_first_pool(path: Bytes[PATH_BYTES], base: address, amount: uint256):
    """
    @dev The first pool hands out before it is paid. What it hands out must all be sold by the other legs.
    """
    first: Leg = self._leg(path, 0)
    before: uint256 = staticcall Token(first.token_out).balanceOf(self)
    self._await(first.pool, path)
    if first.kind == V2:
        bought: uint256 = self._bought(first, amount)
        self._check_least(0, first.least, bought)
        extcall PairV2(first.pool).swap(
            0 if first.zero_for_one else bought, bought if first.zero_for_one else 0, self, path
        )
    else:
        extcall PoolV3(first.pool).swap(
            self._receiver(path, 0),
            first.zero_for_one,
            convert(amount, int256),
            MIN_LIMIT if first.zero_for_one else MAX_LIMIT,
            path,
        )
    if first.token_out != base:
        self._check_stock(first.token_out, before)


@internal
def _legs(path: Bytes[PATH_BYTES], begin: uint256, token: address, amount: uint256, delivered: bool):
    """
    @dev Runs the legs from number `begin` on: sells `amount` of `token`, then always what was bought. `delivered`: the
         first of these legs' pool has been sent it already.
    """
    count: uint256 = (len(path) - HEADER) // LEG
    token_in: address = token
    offered: uint256 = amount
    is_delivered: bool = delivered
    # Of the token in hand: what was here before it was bought. The first one's own is checked by who provided it.
    stock: uint256 = 0
    is_checked: bool = False
    for number: uint256 in range(begin, count, bound=MOST_LEGS):
        leg: Leg = self._leg(path, number)
        receiver: address = self._receiver(path, number)
        comes_here: bool = receiver == self and number != count - 1
        stock_out: uint256 = 0
        if comes_here:
            stock_out = staticcall Token(leg.token_out).balanceOf(self)
        bought: uint256 = 0
        if leg.kind == V2:
            if not is_delivered:
                self._send(token_in, leg.pool, offered)
            bought = self._bought(leg, offered)
            extcall PairV2(leg.pool).swap(
                0 if leg.zero_for_one else bought, bought if leg.zero_for_one else 0, receiver, b""
            )
        elif leg.kind == V3 or leg.kind == ALGEBRA:
            self._awaited = leg.pool
            self._due_token = token_in
            self._due = offered
            delta0: int256 = 0
            delta1: int256 = 0
            delta0, delta1 = extcall PoolV3(leg.pool).swap(
                receiver, leg.zero_for_one, convert(offered, int256), MIN_LIMIT if leg.zero_for_one else MAX_LIMIT, b""
            )
            paid: int256 = delta0 if leg.zero_for_one else delta1
            if paid != convert(offered, int256) or self._awaited != empty(address):
                raw_revert(abi_encode(number, paid, offered, method_id=method_id("LegNotWhole(uint256,int256,uint256)")))
            bought = convert(-(delta1 if leg.zero_for_one else delta0), uint256)
        else:
            raw_revert(abi_encode(number, method_id=method_id("BadPath(uint256)")))
        self._check_least(number, leg.least, bought)
        if is_checked:
            self._check_stock(token_in, stock)
        token_in = leg.token_out
        offered = bought
        stock = stock_out
        is_checked = comes_here
        is_delivered = receiver != self


@internal
def _pay_pool(delta0: int256, delta1: int256, path: Bytes[PATH_BYTES]):
    """
    @dev Pays what a V3 or Algebra pool asks for: its leg's amount, or, if it funds the path, what the others brought.
    """
    if not self._funds:
        if msg.sender != self._awaited:
            raw_revert(abi_encode(msg.sender, method_id=method_id("ForeignCallback(address)")))
        self._awaited = empty(address)
        owed: int256 = max(delta0, delta1)
        if owed != convert(self._due, int256):
            raw_revert(abi_encode(empty(uint256), owed, self._due, method_id=method_id("LegNotWhole(uint256,int256,uint256)")))
        self._send(self._due_token, msg.sender, self._due)
        return
    self._accept(path)
    first: Leg = self._leg(path, 0)
    amount: uint256 = extract32(path, 25, output_type=uint256) >> 128
    paid: int256 = delta0 if first.zero_for_one else delta1
    if paid != convert(amount, int256):
        raw_revert(abi_encode(empty(uint256), paid, amount, method_id=method_id("LegNotWhole(uint256,int256,uint256)")))
    bought: uint256 = convert(-(delta1 if first.zero_for_one else delta0), uint256)
    self._check_least(0, first.least, bought)
    self._legs(path, 1, first.token_out, bought, self._receiver(path, 0) != self)
    self._send(self._base(path), msg.sender, amount)


@internal
def _await(caller: address, path: Bytes[PATH_BYTES]):
    self._awaited = caller
    self._funds = True
    self._path_hash = keccak256(path)


@internal
def _accept(path: Bytes[PATH_BYTES]):
    """
    @dev A callback that funds the path: once, from whom it is awaited, with the path that he was given.
    """
    if msg.sender != self._awaited or not self._funds or keccak256(path) != self._path_hash:
        raw_revert(abi_encode(msg.sender, method_id=method_id("ForeignCallback(address)")))
    self._awaited = empty(address)
    self._funds = False


@internal
@view
def _receiver(path: Bytes[PATH_BYTES], number: uint256) -> address:
    """
    @dev Who is sent what leg `number` buys: a V2 pair that sells it next, which spares a transfer, else this contract.
    """
    if HEADER + (number + 1) * LEG < len(path):
        following: Leg = self._leg(path, number + 1)
        if following.kind == V2:
            return following.pool
    return self


@internal
@view
def _bought(leg: Leg, amount: uint256) -> uint256:
    """
    @dev What a V2 pair pays for `amount`: UniswapV2Library.getAmountOut with the pair's own fee.
    """
    reserve0: uint112 = 0
    reserve1: uint112 = 0
    since: uint32 = 0
    reserve0, reserve1, since = staticcall PairV2(leg.pool).getReserves()
    reserve_in: uint256 = convert(reserve0 if leg.zero_for_one else reserve1, uint256)
    reserve_out: uint256 = convert(reserve1 if leg.zero_for_one else reserve0, uint256)
    kept: uint256 = amount * (PPM - leg.fee_ppm)
    return kept * reserve_out // (reserve_in * PPM + kept)


@internal
@pure
def _check_least(number: uint256, least: uint256, bought: uint256):
    if bought < least:
        raw_revert(abi_encode(number, bought, least, method_id=method_id("LegBelowMinimum(uint256,uint256,uint256)")))


@internal
@view
def _check_stock(token: address, before: uint256):
    now: uint256 = staticcall Token(token).balanceOf(self)
    if now < before:
        raw_revert(abi_encode(token, before, now, method_id=method_id("StockTouched(address,uint256,uint256)")))


@internal
def _send(token: address, to: address, amount: uint256):
    if not extcall Token(token).transfer(to, amount, default_return_value=True):
        raw_revert(abi_encode(token, method_id=method_id("TransferFailed(address)")))


@internal
@pure
def _base(path: Bytes[PATH_BYTES]) -> address:
    return convert(convert(extract32(path, 29, output_type=uint256) & ADDRESS_BITS, uint160), address)


@internal
@pure
def _leg(path: Bytes[PATH_BYTES], number: uint256) -> Leg:
    at: uint256 = HEADER + number * LEG
    word: uint256 = extract32(path, at, output_type=uint256)
    rest: uint256 = extract32(path, at + 28, output_type=uint256)
    flags: uint256 = (word >> 88) & 255
    return Leg(
        pool=convert(convert(word >> 96, uint160), address),
        kind=flags & 15,
        zero_for_one=(flags & 128) != 0,
        fee_ppm=(word >> 64) & (2**24 - 1),
        least=((word & (2**64 - 1)) << 64) | ((rest >> 160) & (2**64 - 1)),
        token_out=convert(convert(rest & ADDRESS_BITS, uint160), address),
    )
