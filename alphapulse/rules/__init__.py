"""Rules: how things are encoded, priced and decided. Pure functions and state machines: no task, socket or clock."""
