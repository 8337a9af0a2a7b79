"""
Exporters, which write the contract as the files of another tool: one module per tool.

Imports: _version, client, errors, model, plugins, portable, reporters, run, schema.
"""

from contract.exporters.base import Exporter, Source

__all__ = ["Exporter", "Source"]
