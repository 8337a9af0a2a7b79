"""
Real engines as child processes: their installation, start, readiness and end.

Imports: errors. Third parties: httpx, xllamacpp.
"""
