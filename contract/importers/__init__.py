"""
Importers, which read the reports of API clients: one module per file format.

Imports: _version, errors, exporters, files, model, plugins, run.
"""

from contract.importers.base import Importer

__all__ = ["Importer"]
