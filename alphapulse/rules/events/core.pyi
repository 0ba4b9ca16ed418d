# The compiled core, from `core.pyx`.

from alphapulse.data.market import PoolSwap
from alphapulse.data.pools import Pool
from alphapulse.rules.events.rpc_log import RpcLog

def plain_swap(log: RpcLog, pool: Pool, received_ns: int) -> PoolSwap | None: ...
