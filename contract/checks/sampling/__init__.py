"""Whether the knobs of sampling turn: seeds, bounds, stop strings, choices."""
