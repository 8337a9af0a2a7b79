"""
Reporters, which render a report as text: one module per kind of report.

Imports: model, run. Third parties: junitparser, rich.
"""

from contract.reporters.base import Reporter

__all__ = ["Reporter"]
