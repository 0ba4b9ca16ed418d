"""A chain of one's own: a real node with the real contracts, pools and traders, to try the daemon and to test it."""
