"""Mathematics of automated market makers: exact integers, equal to the contracts to the last unit."""
