"""Reasoning checks: separation from the answer, fields, order, control markers."""
