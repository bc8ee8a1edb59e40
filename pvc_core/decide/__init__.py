"""What the cluster decides: pure functions over a snapshot; the clock is an argument."""
