"""Checks of the model list and of the model cards."""
