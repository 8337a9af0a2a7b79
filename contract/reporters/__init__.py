"""
Reporters, which render a report as text: one module per kind of report.

Imports: client, model, run. Third parties: jinja2, junitparser, pygal, rich.
"""

from contract.reporters.base import Reporter

__all__ = ["Reporter"]
