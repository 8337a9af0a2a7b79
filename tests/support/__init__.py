"""Helpers that several test modules share; imported as `support.NAME`."""
