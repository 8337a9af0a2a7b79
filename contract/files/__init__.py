"""
Files on disk: values derived from a source file, kept beside Python's byte code.

Imports: _version.
"""
