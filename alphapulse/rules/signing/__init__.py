"""What a signer signs: the same rules for a key in the daemon and for one in a process of its own. Pure."""
