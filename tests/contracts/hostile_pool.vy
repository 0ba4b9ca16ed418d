# pragma version ==0.4.3
# pragma evm-version cancun
"""
@title A pool that does what no pool may
@notice For the executor's tests: it is called like a V2, V3 or Algebra pool, or a lender, and answers as it was told.
"""

interface Executor:
    def execute(path: Bytes[561]): nonpayable
    def uniswapV2Call(sender: address, amount0: uint256, amount1: uint256, path: Bytes[561]): nonpayable
    def uniswapV3SwapCallback(delta0: int256, delta1: int256, path: Bytes[561]): nonpayable
    def algebraSwapCallback(delta0: int256, delta1: int256, path: Bytes[561]): nonpayable

interface Token:
    def transfer(to: address, amount: uint256) -> bool: nonpayable

# What `swap` does: 0 pays and takes its due; 1 never calls back; 2 calls back twice; 3 calls back with another path;
# 4 enters again; 5 asks for more than was offered; 6 takes less; 7 has somebody else call back; 8 promises more than it pays.
trick: uint256
token_out: address
amount_out: uint256
other: address
path: Bytes[561]

@external
def prepare(trick: uint256, token_out: address, amount_out: uint256, other: address, path: Bytes[561]):
    self.trick = trick
    self.token_out = token_out
    self.amount_out = amount_out
    self.other = other
    self.path = path

@external
def swap(to: address, zero_for_one: bool, amount: int256, limit: uint160, data: Bytes[561]) -> (int256, int256):
    paid: uint256 = self.amount_out
    if self.trick == 8:
        paid //= 2
    if paid > 0:
        extcall Token(self.token_out).transfer(to, paid)
    out: int256 = -convert(self.amount_out, int256)
    due: int256 = amount
    if self.trick == 5:
        due = amount + 1
    if self.trick == 6:
        due = amount - 1
    delta0: int256 = due if zero_for_one else out
    delta1: int256 = out if zero_for_one else due
    given: Bytes[561] = data
    if self.trick == 3:
        given = self.path
    if self.trick == 4:
        extcall Executor(msg.sender).execute(self.path)
    elif self.trick == 7:
        extcall Relay(self.other).pass_on(msg.sender, delta0, delta1, given)
    elif self.trick != 1:
        extcall Executor(msg.sender).uniswapV3SwapCallback(delta0, delta1, given)
    if self.trick == 2:
        extcall Executor(msg.sender).algebraSwapCallback(delta0, delta1, given)
    return delta0, delta1

interface Relay:
    def pass_on(executor: address, delta0: int256, delta1: int256, data: Bytes[561]): nonpayable

@external
def pass_on(executor: address, delta0: int256, delta1: int256, data: Bytes[561]):
    extcall Executor(executor).uniswapV3SwapCallback(delta0, delta1, data)
