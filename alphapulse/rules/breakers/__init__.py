"""Circuit breakers: pure state machines that say when a scope stops, and when it may go on."""
