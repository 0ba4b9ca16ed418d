"""Benchmarks: what each part costs on this machine, beside the budget that it has. `python -m benchmarks`."""
