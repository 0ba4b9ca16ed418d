"""Ways by which a signed transaction reaches those who make blocks."""
