"""AlphaPulse: find and trade price gaps between on-chain pools, on paper or for real."""

__version__ = "0.1.0"
