"""Why a trade was undone on a chain: evidence in, a cause out."""
