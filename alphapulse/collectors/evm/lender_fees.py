"""What a lender's contract says that a flash loan costs."""

from __future__ import annotations

from alphapulse.collectors.evm.contract_reader import ContractReader
from alphapulse.errors import AnswerRefused
from alphapulse.rules.arbitrage.flash_loan import LoanSource
from alphapulse.rules.arbitrage.loan_fee import AAVE_BPS, BALANCER_ONE, LoanFee
from alphapulse.rules.discovery.contract_answers import address_in, call_data, number_in


async def lender_fee(reader: ContractReader, source: LoanSource, lender: bytes, block_hash: bytes) -> LoanFee:
    """The fee at the end of a block. `lender` is Aave's pool or Balancer's vault.

    Raises:
        AnswerRefused: the contract does not answer as such a lender does.
        NodeError, RpcError: the block cannot be read.
    """
    if source is LoanSource.AAVE:
        calls = [(lender, call_data(f"{name}()")) for name in ("FLASHLOAN_PREMIUM_TOTAL", "POOL_REVISION")]
        premium, revision = (number_in(answer) for answer in await reader.read(calls, block_hash))
        if premium is None or revision is None or premium > AAVE_BPS:
            raise _unlike("aave's pool", lender, "FLASHLOAN_PREMIUM_TOTAL() up to 10000 and POOL_REVISION()")
        return LoanFee.of_aave(premium, revision)
    (answer,) = await reader.read([(lender, call_data("getProtocolFeesCollector()"))], block_hash)
    collector = address_in(answer)
    if collector is None:
        raise _unlike("balancer's vault", lender, "getProtocolFeesCollector()")
    (answer,) = await reader.read([(collector, call_data("getFlashLoanFeePercentage()"))], block_hash)
    percentage = number_in(answer)
    if percentage is None or percentage > BALANCER_ONE:
        raise _unlike("balancer's fee collector", collector, "getFlashLoanFeePercentage() up to 10^18")
    return LoanFee.of_balancer(percentage)


def _unlike(what: str, address: bytes, expected: str) -> AnswerRefused:
    return AnswerRefused("lender", f"expected {what} at 0x{address.hex()} to answer {expected}, found another answer")
