# pragma version ==0.4.3
"""
@notice A token whose transfers return nothing, as old ones do, and whose symbol is 32 bytes.
"""

import balances

initializes: balances
exports: (
    balances.balanceOf, balances.totalSupply, balances.allowance, balances.mint,
)

symbol: public(bytes32)
decimals: public(uint8)


@deploy
def __init__(symbol: bytes32, decimals: uint8):
    balances.__init__(0)
    self.symbol = symbol
    self.decimals = decimals


@external
def approve(spender: address, amount: uint256):
    balances._approve(spender, amount)


@external
def transfer(receiver: address, amount: uint256):
    balances._move(msg.sender, receiver, amount)


@external
def transferFrom(sender: address, receiver: address, amount: uint256):
    balances._spend(sender, amount)
    balances._move(sender, receiver, amount)
