"""The chain as it is told by nodes that lose, repeat, disorder and take back: state machines that know no clock."""
