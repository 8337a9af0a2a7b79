"""Whether the thought and the answer come apart, each whole and in its own place."""
