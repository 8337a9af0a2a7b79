"""
Reports as text: console, JSON, JUnit, Markdown; one file per kind.

Imports: model, run. Third parties: junitparser, rich.
"""

from contract.reporters.base import Reporter

__all__ = ["Reporter"]
