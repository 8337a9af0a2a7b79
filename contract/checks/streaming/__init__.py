"""Checks of event streams: framing, chunks, text, usage and ending."""
