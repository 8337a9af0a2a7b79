"""How a stream of events begins, continues and ends."""
