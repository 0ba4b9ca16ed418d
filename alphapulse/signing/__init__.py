"""Signing: the only users of keys of accounts. A key is in this process, or in one of its own behind a socket."""
