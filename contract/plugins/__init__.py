"""
Discovery of the values that modules and third-party plug-ins define.

Imports: errors.
"""
