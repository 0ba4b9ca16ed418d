"""Execution: gate, engine and executors. The engine is the only caller of an executor, behind the gate."""
