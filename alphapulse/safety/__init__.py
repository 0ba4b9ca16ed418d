"""Safety: the halt switch, its latch on disk, and the rule by which a start may trade."""
