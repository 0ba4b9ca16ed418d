# The compiled core, from `core.pyx`.

from alphapulse.data.market import PoolSwap
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.rpc_log import RpcLog

def plain_swap(log: RpcLog, pool: Emitter, received_ns: int) -> PoolSwap | None: ...
