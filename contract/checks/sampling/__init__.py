"""Checks of sampling parameters: bounds, seeds, stop strings and choices."""
