"""From an intent to what the executor contract is told, and from a receipt to what is booked. Pure."""
