# pragma version ==0.4.3
"""
@notice The books of a token that anybody may mint: what the odd tokens have in common.
"""

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256

event Approval:
    owner: indexed(address)
    spender: indexed(address)
    value: uint256

ONE: constant(uint256) = 10 ** 18

# What one share is worth, 10^18 at first: a rebasing token moves it.
index: uint256
fee_ppm: uint256
shares: HashMap[address, uint256]
total_shares: uint256
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(fee_ppm: uint256):
    self.index = ONE
    self.fee_ppm = fee_ppm


@external
@view
def balanceOf(owner: address) -> uint256:
    return self.shares[owner] * self.index // ONE


@external
@view
def totalSupply() -> uint256:
    return self.total_shares * self.index // ONE


@external
def mint(receiver: address, amount: uint256):
    moved: uint256 = amount * ONE // self.index
    self.shares[receiver] += moved
    self.total_shares += moved
    log Transfer(sender=empty(address), receiver=receiver, value=amount)


@internal
def _rebase(ppm: uint256):
    self.index = self.index * ppm // 10 ** 6


@internal
def _approve(spender: address, amount: uint256):
    self.allowance[msg.sender][spender] = amount
    log Approval(owner=msg.sender, spender=spender, value=amount)


@internal
def _move(sender: address, receiver: address, amount: uint256):
    """Of what is sent, `fee_ppm` is burned on the way."""
    moved: uint256 = amount * ONE // self.index
    burned: uint256 = moved * self.fee_ppm // 10 ** 6
    self.shares[sender] -= moved
    self.shares[receiver] += moved - burned
    self.total_shares -= burned
    log Transfer(sender=sender, receiver=receiver, value=(moved - burned) * self.index // ONE)


@internal
def _spend(owner: address, amount: uint256):
    if self.allowance[owner][msg.sender] != max_value(uint256):
        self.allowance[owner][msg.sender] -= amount
