"""Books: what the venues' state is after each event."""
