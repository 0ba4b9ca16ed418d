# pragma version ==0.4.3
"""
@notice A token that has neither symbol nor decimals.
"""

import balances

initializes: balances
exports: (
    balances.balanceOf, balances.totalSupply, balances.allowance, balances.mint,
)


@deploy
def __init__():
    balances.__init__(0)


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
