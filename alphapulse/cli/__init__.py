"""The command line: the daemon and its tools. The only place that joins daemon and web."""
