"""The books: the journal (what happened, hash-chained, synced before the act) and the ledger (a SQL view of it)."""
