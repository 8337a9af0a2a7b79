"""Schemathesis, run against one target, and what it found in our own words."""
