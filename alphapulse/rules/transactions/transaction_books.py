"""The wallets' books as a start finds them in the journal. Pure."""

from __future__ import annotations

from alphapulse.data.transactions import TransactionSigned, TransactionStatus
from alphapulse.rules.transactions.nonce_book import NonceBook


class TransactionBooks:
    """A book for each wallet on each chain, folded from the journal's messages in their order."""

    def __init__(self) -> None:
        self._books: dict[tuple[int, bytes], NonceBook] = {}

    def take(self, message: object) -> None:
        """Fold one message; what is about no transaction is passed over."""
        if isinstance(message, TransactionSigned):
            self.of(message.chain_id, message.wallet).sign(message)
        elif isinstance(message, TransactionStatus):
            self.of(message.chain_id, message.wallet).tell(message)

    def of(self, chain_id: int, wallet: bytes) -> NonceBook:
        """The book of a wallet, which is empty if the journal holds nothing of it."""
        return self._books.setdefault((chain_id, wallet), NonceBook())
