"""Checks of answers that must follow a response_format."""
