"""
Exporters, which write the contract as the files of another tool: one module per tool.

Imports: model.
"""
