"""What holds of every request that keeps, or breaks, the rules."""
