# pragma version ==0.4.3
"""
@notice A token that says other decimals and another symbol in every second block.
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
@view
def decimals() -> uint8:
    return 18 if block.number % 2 == 0 else 6


@external
@view
def symbol() -> String[8]:
    return "FICKLE" if block.number % 2 == 0 else "USDC"


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
