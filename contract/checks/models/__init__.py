"""What a provider says it serves, and whether that is what answers."""
