"""What every EVM chain has in common: hashes, addresses of contracts, call data, blooms."""
