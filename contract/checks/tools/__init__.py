"""Checks of tool calls: choice, names, ids, arguments, finish and results."""
