"""Checks of token counts: present, consistent and equal to the text."""
