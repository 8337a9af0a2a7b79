"""Scenarios: weighted chats from which the requests of a run are drawn."""

from __future__ import annotations

import base64
import json
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, cast

from contract.errors import UsageError
from contract.files.bounded import MOST_CONFIGURED, read_bounded
from contract.load.ticket import ticket
from contract.model.chat import (
    Image,
    Json,
    Message,
    Options,
    Part,
    Role,
    Text,
    Tool,
    ToolCall,
    freeze,
)
from contract.model.images import picture
from contract.model.probe import Probe
from contract.model.profile import Capability, Profile
from contract.plugins.discovery import suggestion
from contract.tokens import tekken

MIXED = "mixed"
_FEATURES = "features"  # further chats of `MIXED`
MOST_CHATS = 100
MOST_WORDS = 2**20
_MOST_IMAGE = 16 * 2**20  # bytes
_LARGEST_SIDE = 4_096  # pixels
_CITIES = (
    *("Athens", "Berlin", "Cairo", "Dublin", "Geneva", "Helsinki", "Jakarta", "Kyoto"),
    *("Lima", "Madrid", "Nairobi", "Oslo", "Paris", "Quito", "Rome", "Seoul", "Tunis"),
    *("Vienna", "Warsaw", "Zagreb"),
)
_ROLES = ("system", "user", "assistant", "tool")
_MEDIA = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"RIFF": "image/webp",
    b"GIF8": "image/gif",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """One kind of request of a scenario; texts may hold placeholders."""

    name: str
    # How often it is drawn, relative to the other chats.
    weight: float = 1.0
    messages: tuple[Message, ...] = ()
    # Images of the last message of the user: files, or a size to generate.
    images: tuple[Image | tuple[int, int], ...] = ()
    options: Options = Options()  # noqa: RUF009  # a frozen value
    stream: bool = True
    # Filler words that `{words}` stands for.
    words: int = 0
    # Texts that the answer, or the arguments of a call, must contain.
    expected: tuple[str, ...] = ()

    @property
    def needs(self) -> frozenset[Capability]:
        """The capabilities that the server must offer."""
        found = set()
        if self.stream:
            found.add(Capability.STREAMING)
        if self.images:
            found.add(Capability.VISION)
        if self.options.tools:
            found.add(Capability.TOOLS)
        if self.options.stop:
            found.add(Capability.STOP)
        if (self.options.n or 1) > 1:
            found.add(Capability.CHOICES)
        if self.options.response_format:
            schema = '"json_schema"' in self.options.response_format
            found.add(Capability.JSON_SCHEMA if schema else Capability.JSON_OBJECT)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One request of a run, ready to be spelled."""

    # Its number in the run, from 0.
    number: int
    chat: Chat
    probe: Probe
    # What the answer must contain; empty if nothing is expected.
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Weighted chats; the same seed and number always draw the same request."""

    name: str
    chats: tuple[Chat, ...]

    def offered_by(self, profile: Profile) -> tuple[Scenario, tuple[str, ...]]:
        """
        Return the chats that *profile* offers, and the names of the others.

        Raises `UsageError` if none is left.
        """
        kept = tuple(chat for chat in self.chats if chat.needs <= profile.offers)
        left = tuple(chat.name for chat in self.chats if chat not in kept)
        if not kept:
            missing = sorted(
                {need for chat in self.chats for need in chat.needs - profile.offers}
            )
            raise UsageError(
                f"{profile.id} does not offer {', '.join(missing)}, which the scenario "
                f"{self.name} needs; choose another one, or add --offer."
            )
        return replace(self, chats=kept), left

    def draw(self, number: int, seed: int, *, same: bool = False) -> Drawn:
        """
        Return the request *number*, from 0, of the run with *seed*.

        With *same*, its prompt is that of request 0.
        """
        place = 0 if same else number
        random = Random(f"{seed}:{place}")  # noqa: S311  # not a secret
        total = list(accumulate(chat.weight for chat in self.chats))
        (chat,) = random.choices(self.chats, cum_weights=total)
        values = _values(chat, random, place, seed)
        return Drawn(
            number=number,
            chat=chat,
            probe=Probe(
                name=f"load-{chat.name}-{number}",
                messages=_messages(chat, values, random),
                options=_options(chat.options, values),
                stream=chat.stream,
                sample=number,
            ),
            expected=tuple(_filled(text, values) for text in chat.expected),
        )


def _values(chat: Chat, random: Random, number: int, seed: int) -> dict[str, str]:
    a, b = random.randint(10_000, 99_999), random.randint(10_000, 99_999)
    return {
        "{ticket}": ticket(number, seed),
        "{number}": str(number),
        "{a}": str(a),
        "{b}": str(b),
        "{sum}": str(a + b),
        "{city}": random.choice(_CITIES),
        "{call}": "".join(random.choices("abcdefghijkmnpqrstuvwxyz", k=9)),
        "{words}": tekken.filler(chat.words) if chat.words else "",
    }


def _filled(text: str, values: Mapping[str, str]) -> str:
    if "{" in text:
        for name, value in values.items():
            text = text.replace(name, value)
    return text


def _messages(
    chat: Chat, values: Mapping[str, str], random: Random
) -> tuple[Message, ...]:
    last = max(n for n, m in enumerate(chat.messages) if m.role == "user")
    found = []
    marked = any("{ticket}" in message.text for message in chat.messages)
    for number, message in enumerate(chat.messages):
        text = _filled(message.text, values)
        if not marked and message.text and message.role in {"system", "user"}:
            # No two prompts begin alike, so that no prefix cache shortens TTFT.
            text, marked = f"[{values['{ticket}']}] {text}", True
        content: str | tuple[Part, ...] | None = text or None
        if chat.images and number == last:
            shades = (_image(image, random) for image in chat.images)
            content = (Text(text), *shades)
        found.append(
            replace(
                message,
                content=content,
                tool_calls=tuple(
                    ToolCall(
                        _filled(call.id, values),
                        call.name,
                        _filled(call.arguments, values),
                    )
                    for call in message.tool_calls
                ),
                tool_call_id=message.tool_call_id
                and _filled(message.tool_call_id, values),
            )
        )
    return tuple(found)


def _image(image: Image | tuple[int, int], random: Random) -> Image:
    if isinstance(image, Image):
        return image
    return picture(*image, shade=random.randrange(256))


def _options(options: Options, values: Mapping[str, str]) -> Options:
    return replace(
        options,
        tools=tuple(
            replace(tool, parameters=_filled(tool.parameters, values))
            for tool in options.tools
        ),
        response_format=options.response_format
        and _filled(options.response_format, values),
    )


# ---- reading ---------------------------------------------------------------------


@cache
def _builtin() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("scenarios.toml").read_text("utf-8")
    return tomllib.loads(text)


def names() -> tuple[str, ...]:
    """Return the names of the built-in scenarios."""
    return (*(name for name in _builtin() if name != _FEATURES), MIXED)


def find_scenario(text: str) -> Scenario:
    """
    Return the built-in scenario named *text*, or the one in the TOML file there.

    Raises `UsageError` for an unknown name, and with the place of a mistake in a file.
    """
    if text == MIXED:
        tables = [t for one in _builtin().values() for t in one["chats"] if _short(t)]
        return parse({"chats": tables}, MIXED)
    if text in names():
        return parse(_builtin()[text], text)
    path = Path(text)
    if not path.suffix and not path.exists():
        raise UsageError(
            f"Unknown scenario {text!r}{suggestion(text, names(), few=len(names()))} "
            "A file of your own ends with .toml."
        )
    try:
        table = tomllib.loads(read_bounded(path, MOST_CONFIGURED).decode())
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"The scenario {text!r} cannot be read: {why}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The scenario {text!r} is not TOML: {error}.") from error
    return parse(table, path.stem, path)


def _short(table: Mapping[str, Any]) -> bool:
    return not table.get("words")


def parse(table: Mapping[str, Any], name: str, path: Path | None = None) -> Scenario:
    """
    Return the scenario in *table*, a file of TOML or the JSON of `to_json`.

    *path* is the file, whose folder holds its images; None if there is none. Raises
    `UsageError` that names the chat and the key of a mistake.
    """
    where = f"The scenario {name}" if path is None else f"The scenario {str(path)!r}"
    _known(table, ("chats",), where)
    chats = table.get("chats")
    if not isinstance(chats, list) or not 0 < len(chats) <= MOST_CHATS:
        raise UsageError(f"{where} needs 1 to {MOST_CHATS} tables [[chats]].")
    folder = path.parent if path is not None else None
    found = tuple(
        _chat(one, f"{where}, chat {place}", folder)
        for place, one in enumerate(chats, 1)
    )
    if len({chat.name for chat in found}) < len(found):
        raise UsageError(f"{where} has two chats of one name; rename one.")
    return Scenario(name, found)


_Reader = Callable[[Any, str], Any]


def _text(value: Any, where: str) -> str:  # whatever TOML holds
    if not isinstance(value, str) or not value:
        raise UsageError(f"{where} must be a text, not {value!r:.40}.")
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{where} must be true or false, not {value!r:.40}.")
    return value


def _whole(least: int, most: int) -> _Reader:
    def read(value: Any, where: str) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            raise UsageError(
                f"{where} must be a whole number from {least} to {most}, not "
                f"{value!r:.40}."
            )
        return int(value)

    return read


def _number(least: float, most: float) -> _Reader:
    def read(value: Any, where: str) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not least <= value <= most:
            raise UsageError(
                f"{where} must be a number from {least:g} to {most:g}, not "
                f"{value!r:.40}."
            )
        return float(value)

    return read


def _texts(value: Any, where: str) -> tuple[str, ...]:
    entries = [value] if isinstance(value, str) else value
    if not isinstance(entries, list) or not entries:
        raise UsageError(f"{where} must be a text or a list of texts.")
    return tuple(_text(entry, where) for entry in entries)


def _table(value: Any, where: str) -> str:
    if not isinstance(value, dict):
        raise UsageError(f"{where} must be a table, not {value!r:.40}.")
    try:
        return freeze(value)
    except TypeError as error:
        raise UsageError(
            f"{where} holds what JSON has no form for: {error}."
        ) from error


def _list(value: Any, where: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise UsageError(f"{where} must be a list of tables.")
    return value


# Keys of a chat that are an option of its requests: the field of `Options`.
_OPTIONS: dict[str, tuple[str, _Reader]] = {
    "max-tokens": ("max_tokens", _whole(1, 2**21)),
    "temperature": ("temperature", _number(0, 2)),
    "top-p": ("top_p", _number(0, 1)),
    "seed": ("seed", _whole(0, 2**31 - 1)),
    "stop": ("stop", _texts),
    "n": ("n", _whole(1, 16)),
    "tool-choice": ("tool_choice", _text),
    "response-format": ("response_format", _table),
    "reasoning-effort": ("reasoning_effort", _text),
    "prompt-mode": ("prompt_mode", _text),
}
_KEYS = (
    *("name", "weight", "stream", "messages", "images", "tools", "words", "expected"),
    *_OPTIONS,
)


def _chat(table: Any, where: str, folder: Path | None) -> Chat:
    if not isinstance(table, dict):
        raise UsageError(f"{where} must be a table.")
    _known(table, _KEYS, where)
    for key in ("name", "messages"):
        if key not in table:
            raise UsageError(f"{where} lacks the key {key!r}.")
    name = _text(table["name"], f"{where}: name")
    where = f"{where} ({name:.40})"
    if not name.replace("-", "").isalnum() or not name.isascii() or len(name) > 40:  # noqa: PLR2004  # of a report's column
        raise UsageError(
            f"{where}: name must have letters, digits and hyphens only, at most 40."
        )
    options: dict[str, Any] = {"temperature": 0.0}
    for key, (field, read) in _OPTIONS.items():
        if key in table:
            options[field] = read(table[key], f"{where}: {key}")
    tools = _list(table.get("tools", []), f"{where}: tools")
    messages = _list(table["messages"], f"{where}: messages")
    chat = Chat(
        name=name,
        weight=_number(0.001, 1_000_000)(table.get("weight", 1), f"{where}: weight"),
        messages=tuple(
            _message(one, f"{where}, message {place}")
            for place, one in enumerate(messages, 1)
        ),
        images=tuple(
            _read_image(one, f"{where}: images", folder)
            for one in _entries(table.get("images", []), f"{where}: images")
        ),
        options=Options(**options, tools=tuple(_tool(t, where) for t in tools)),
        stream=_flag(table.get("stream", True), f"{where}: stream"),
        words=_whole(0, MOST_WORDS)(table.get("words", 0), f"{where}: words"),
        expected=_texts(table["expected"], f"{where}: expected")
        if "expected" in table
        else (),
    )
    if not any(message.role == "user" for message in chat.messages):
        raise UsageError(f"{where} has no message of the user.")
    return chat


def _entries(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise UsageError(f"{where} must be a list.")
    return value


def _message(table: Mapping[str, Any], where: str) -> Message:
    _known(table, ("role", "content", "tool-calls", "tool-call-id"), where)
    role = table.get("role")
    if role not in _ROLES:
        raise UsageError(f"{where}: role must be one of {', '.join(_ROLES)}.")
    calls = _list(table.get("tool-calls", []), f"{where}: tool-calls")
    content = table.get("content")
    if content is None and not calls:
        raise UsageError(f"{where} lacks the key 'content'.")
    return Message(
        cast("Role", role),
        None if content is None else _text(content, f"{where}: content"),
        tuple(_call(one, f"{where}: tool-calls") for one in calls),
        _text(table["tool-call-id"], f"{where}: tool-call-id")
        if "tool-call-id" in table
        else None,
    )


def _call(table: Mapping[str, Any], where: str) -> ToolCall:
    _known(table, ("id", "name", "arguments"), where)
    return ToolCall(
        _text(table.get("id"), f"{where}: id"),
        _text(table.get("name"), f"{where}: name"),
        _table(table.get("arguments", {}), f"{where}: arguments"),
    )


def _tool(table: Mapping[str, Any], where: str) -> Tool:
    _known(table, ("name", "description", "parameters"), f"{where}: tools")
    return Tool(
        name=_text(table.get("name"), f"{where}: tools: name"),
        parameters=_table(table.get("parameters", {}), f"{where}: tools: parameters"),
        description=_text(table["description"], f"{where}: tools: description")
        if "description" in table
        else "",
    )


def _read_image(value: Any, where: str, folder: Path | None) -> Image | tuple[int, int]:
    side = _whole(1, _LARGEST_SIDE)
    if isinstance(value, dict):
        _known(value, ("width", "height", "data"), where)
        if "data" in value and folder is None:  # of `to_json`
            return _decoded(base64.b64decode(value["data"]), where)
        return (side(value.get("width"), where), side(value.get("height"), where))
    if not isinstance(value, str) or folder is None:
        raise UsageError(f"{where} must be files, or tables with width and height.")
    try:
        return _decoded(read_bounded(folder / value, _MOST_IMAGE), where)
    except OSError as error:
        raise UsageError(
            f"{where}: {value!r} cannot be read: {error.strerror}."
        ) from error


def _decoded(data: bytes, where: str) -> Image:
    kind = next((kind for mark, kind in _MEDIA.items() if data.startswith(mark)), None)
    if kind is None:
        raise UsageError(f"{where} must be PNG, JPEG, WebP or GIF files.")
    return Image(data, kind)


def _known(table: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    for key in table:
        if key not in keys:
            raise UsageError(f"{where}: unknown key {key!r}{suggestion(key, keys)}")


# ---- for another process ---------------------------------------------------------


def to_json(scenario: Scenario) -> dict[str, Json]:
    """Return *scenario* as `parse` reads it, with its images, for another process."""
    return {"chats": [_dumped(chat) for chat in scenario.chats]}


def _dumped(chat: Chat) -> dict[str, Json]:
    table: dict[str, Json] = {
        "name": chat.name,
        "weight": chat.weight,
        "stream": chat.stream,
        "words": chat.words,
        "messages": [_dumped_message(message) for message in chat.messages],
        "images": [
            {"data": base64.b64encode(image.data).decode()}
            if isinstance(image, Image)
            else {"width": image[0], "height": image[1]}
            for image in chat.images
        ],
        "tools": [
            {"name": tool.name, "parameters": json.loads(tool.parameters)}
            | ({"description": tool.description} if tool.description else {})
            for tool in chat.options.tools
        ],
    }
    for key, (field, read) in _OPTIONS.items():
        value = getattr(chat.options, field)
        if value not in (None, ()):
            structured = read is _table
            table[key] = json.loads(value) if structured else _plain(value)
    if chat.expected:
        table["expected"] = list(chat.expected)
    return table


def _plain(value: Any) -> Json:
    return list(value) if isinstance(value, tuple) else value


def _dumped_message(message: Message) -> dict[str, Json]:
    table: dict[str, Json] = {"role": message.role}
    if message.content is not None:
        table["content"] = message.text
    if message.tool_calls:
        table["tool-calls"] = [
            {"id": c.id, "name": c.name, "arguments": json.loads(c.arguments)}
            for c in message.tool_calls
        ]
    if message.tool_call_id is not None:
        table["tool-call-id"] = message.tool_call_id
    return table
