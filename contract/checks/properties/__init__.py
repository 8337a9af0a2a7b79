"""Properties of the answers to generated requests, valid and invalid."""
