"""EVM logs: from a node's text to typed pool events, each value checked, each refusal with its reason."""
