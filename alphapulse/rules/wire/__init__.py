"""Protocol V2: the bytes of the data classes, derived from their own descriptions."""
