"""
Finds the values that modules and third-party plug-ins define, by id.

Imports: errors.
"""
