"""The stand-in provider: its engine, its replies as values, and their performance."""
