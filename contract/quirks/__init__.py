"""
Quirks: unusual but legal changes to replies, which no check may report.

Imports: model.
"""
