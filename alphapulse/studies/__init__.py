"""Studies: what recordings say about the strategies, by replays of the whole pipeline."""
