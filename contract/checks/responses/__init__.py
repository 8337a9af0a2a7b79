"""Checks of what only `/v1/responses` has: items, typed events, and its status."""
