"""Writes a pool cache over and over until it is killed: `python -m tests.collectors.evm.cache_until_killed FILE`."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from alphapulse.collectors.evm.pool_cache import PoolCache
from tests.collectors.evm.test_pool_cache import infos

if __name__ == "__main__":
    cache = PoolCache(Path(sys.argv[1]), 137)
    for number in count(1):
        cache.save(infos(200 + number % 50), number)
        print(number, flush=True)  # noqa: T201 - tells that it is under way
