"""
Real engines as child processes: installed, started, waited for, always stopped.

Imports: errors. Third parties: httpx, xllamacpp.
"""
