# pragma version ==0.4.3
"""
@notice A token that is as odd as its arguments: a fee on transfer, absurd decimals, a symbol that another token has, or
        balances that change by themselves.
"""

import balances

initializes: balances
exports: (
    balances.balanceOf, balances.totalSupply, balances.allowance, balances.mint,
)

name: public(String[64])
symbol: public(String[64])
decimals: public(uint256)


@deploy
def __init__(name: String[64], symbol: String[64], decimals: uint256, fee_ppm: uint256):
    balances.__init__(fee_ppm)
    self.name = name
    self.symbol = symbol
    self.decimals = decimals


@external
def rebase(ppm: uint256):
    """All balances become `ppm` millionths of what they were."""
    balances._rebase(ppm)


@external
def approve(spender: address, amount: uint256) -> bool:
    balances._approve(spender, amount)
    return True


@external
def transfer(receiver: address, amount: uint256) -> bool:
    balances._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(sender: address, receiver: address, amount: uint256) -> bool:
    balances._spend(sender, amount)
    balances._move(sender, receiver, amount)
    return True
