"""Accounting: what trades earned and cost, in exact integers; the same functions serve portfolio and ledger."""
