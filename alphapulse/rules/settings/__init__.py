"""Settings: how a parsed document becomes typed sections."""
