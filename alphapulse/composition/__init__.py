"""The parts from which the daemon is put together: each builds what belongs to it and names its tasks in the tree."""
