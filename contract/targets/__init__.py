"""
Targets, the things that can be verified: a URL, the mock, an engine; one file per kind.

Imports: catalog, engines, errors, mock_server, model, plugins, tiny, tokens.
"""

from contract.targets.base import Opened, Target

__all__ = ["Opened", "Target"]
