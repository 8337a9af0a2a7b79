"""`export openapi`: the description of one dialect, in the version a tool reads."""

from __future__ import annotations

from contract.exporters.base import Files, Source, exporter, to_bytes
from contract.exporters.openapi_document import described
from contract.exporters.openapi_versions import in_version


@exporter("openapi", summary="the API description of one dialect, 3.0, 3.1 or 3.2")
def openapi(source: Source) -> Files:
    """Return `openapi.json` in the version of the option `openapi_version`."""
    version = source.options.get("openapi_version", "3.1")
    return {"openapi.json": to_bytes(in_version(described(source), version))}
