"""Checks that invalid requests are rejected, and that the errors are usable."""
