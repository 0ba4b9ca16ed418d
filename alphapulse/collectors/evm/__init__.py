"""A live EVM chain: heads and logs in, complete blocks of typed events out."""
