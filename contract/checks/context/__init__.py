"""Whether the whole context window is there, and an orderly end behind it."""
