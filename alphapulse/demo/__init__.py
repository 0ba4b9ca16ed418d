"""Recorded real data that ships with the package: twelve hours of two Uniswap V3 pools of one pair."""
