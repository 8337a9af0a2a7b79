"""Isolation checks: concurrent, repeated and abandoned requests do not interfere."""
