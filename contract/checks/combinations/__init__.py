"""Combination checks: requests with several features at once, streamed and whole."""
