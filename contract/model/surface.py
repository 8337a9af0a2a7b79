"""
Surfaces: other spellings of the chat API, translated from and to its own format.

Probes, checks and faults know one format of chats, that of `/v1/chat/completions`. A
surface such as `/v1/responses` has other names for the same. It has functions that
translate a request and a reply in both directions, so that every check is asked of it
without knowing it. What only the surface has, its events and items, is judged by checks
of its own, on `Exchange.raw_json` and `Exchange.raw_chunks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from contract.model.chat import Json

Reader = Callable[[Json], Json]
"""The JSON of one event -> a chunk of a chat; None for an event without a counterpart.

It depends on the events before, so each stream needs one of its own.
"""

Renderer = Callable[[Json], Iterable[tuple[str, Json]]]
"""A chunk of a chat -> the events for it, as pairs of type and JSON.

It depends on the chunks before, so each stream needs one of its own.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """
    A spelling of chats, and its translation; no function here raises for any JSON.

    The client's half (`write`, `read`, `reader`) and the mock's half (`parse`,
    `render`, `renderer`) share constants only.
    """

    # Path of the endpoint, such as "/v1/responses".
    path: str
    # The body of a chat request -> the body of a request to this surface.
    write: Callable[[Json], Json]
    # A whole response of this surface -> a chat completion; other JSON as it is.
    read: Callable[[Json], Json]
    # Makes the reader of one stream.
    reader: Callable[[], Reader]
    # The body of a request to this surface -> that of the chat request it stands for.
    parse: Callable[[Json], Json]
    # (chat completion, request body) -> a whole response; other JSON as it is.
    render: Callable[[Json, Json], Json]
    # Makes the renderer of the stream that answers a request body.
    renderer: Callable[[Json], Renderer]
    # Member of a chat request -> its name on this surface, where they differ.
    names: Mapping[str, str] = field(default_factory=dict, hash=False)
