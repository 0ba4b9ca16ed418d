"""What a chain's own contract says that data cost on the chain below."""

from __future__ import annotations

from alphapulse.collectors.evm.contract_reader import ContractReader
from alphapulse.errors import AnswerRefused
from alphapulse.rules.arbitrage.data_fee import ArbitrumFee, DataFee, DataRule, OptimismFee
from alphapulse.rules.discovery.contract_answers import call_data, number_in

GAS_PRICE_ORACLE = bytes.fromhex("420000000000000000000000000000000000000f")
"""Where every chain of the OP stack has its `GasPriceOracle`."""
ARB_GAS_INFO = bytes.fromhex("000000000000000000000000000000000000006c")
"""Where Arbitrum's chains have theirs."""

_OPTIMISM = ("l1BaseFee", "blobBaseFee", "baseFeeScalar", "blobBaseFeeScalar", "decimals", "isFjord", "isEcotone")
MOST_DECIMALS = 18


async def data_fee(reader: ContractReader, rule: DataRule, block_hash: bytes) -> DataFee:
    """What bytes cost at the end of a block.

    Raises:
        AnswerRefused: the contract does not answer as such a chain's does, or its rule is from before Ecotone.
        NodeError, RpcError: the block cannot be read.
    """
    if rule is DataRule.ARBITRUM:
        (answer,) = await reader.read([(ARB_GAS_INFO, call_data("getL1BaseFeeEstimate()"))], block_hash)
        if (base_fee_wei := number_in(answer, 128)) is None:
            raise AnswerRefused(
                "data_fee", "expected ArbGasInfo to answer getL1BaseFeeEstimate(), found another answer"
            )
        return ArbitrumFee(base_fee_wei)
    answers = await reader.read([(GAS_PRICE_ORACLE, call_data(f"{name}()")) for name in _OPTIMISM], block_hash)
    found = dict(zip(_OPTIMISM, (number_in(answer, 128) for answer in answers), strict=True))
    prices = [number for name in _OPTIMISM[:5] if (number := found[name]) is not None]
    if len(prices) < 5 or prices[4] > MOST_DECIMALS or not (found["isFjord"] or found["isEcotone"]):
        asked = ", ".join(f"{name}()" for name in _OPTIMISM)
        raise AnswerRefused(
            "data_fee", f"expected GasPriceOracle to answer {asked} as from Ecotone on, found another answer"
        )
    base_fee, blob_base_fee, base_fee_scalar, blob_base_fee_scalar, decimals = prices
    is_fjord = bool(found["isFjord"])
    return OptimismFee(base_fee, blob_base_fee, base_fee_scalar, blob_base_fee_scalar, is_fjord, decimals)
