"""What travels between processes, and how each end of a link keeps count of it: framing and state machines."""
