"""
Sentences of vLLM's error bodies, as recorded from vLLM 0.32.

Errors of the request schema are pydantic's, each in one line; errors of the content of
messages, which is checked later, are pydantic's own text; everything else is a sentence
that names the parameter and its value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from contract.model.chat import Json
from contract.model.rejection import Rejection, RejectionReason

SCHEMA = "Bad Request"  # the body does not match the schema
LATER = "BadRequestError"  # it does, but the engine cannot serve it
_SHOWN = 10  # errors in one message
_LARGEST = 10**300  # a number that is still a float
_REPR = 50  # characters of a value that pydantic shows whole
# pydantic's pages on errors, by its version, and the version of vLLM 0.32.
PAGES = "https://errors.pydantic.dev/{}/v/"
PYDANTIC = "2.14"
_HELP = PAGES.format(PYDANTIC)


@dataclass(frozen=True, slots=True)
class Wording:
    """The members of an error."""

    message: str
    type: str = LATER
    param: str | None = None
    status: int = 400


def exact(problem: Rejection) -> Wording | None:
    """Return the recorded wording for *problem*; None where none was recorded."""
    if problem.reason is RejectionReason.MALFORMED:
        return _malformed(problem)
    if make_one := _REASONS.get(problem.reason):
        return make_one(problem)
    if problem.reason not in {RejectionReason.SCHEMA, RejectionReason.UNSUPPORTED}:
        return None
    for pattern, make in _PLACES:
        if match := re.fullmatch(pattern, problem.pointer):
            return make(problem, match)
    return None


def _malformed(problem: Rejection) -> Wording:
    if problem.pointer and isinstance(problem.value, float):
        name = problem.pointer.removeprefix("/")
        text = f"{name} must be a finite number, got {problem.value}."
        return _later(text, name, problem.value)
    if problem.keyword == "required":
        return _schema([("missing", "body", "Field required", None)])
    place = f"body.{problem.count}"
    return _schema(
        [("json_invalid", place, "JSON decode error", {})],
        f"{{'error': {problem.message!r}}}",
    )


def _overflow(problem: Rejection) -> Wording:
    # One token more than the window ends the count.
    least = "at least " if problem.count == problem.limit + 1 else ""
    return _later(
        f"This model's maximum context length is {problem.limit} tokens. However, "
        f"your prompt contains {least}{problem.count} input tokens, which exceeds this "
        "limit even without any output tokens. Please reduce the length of the input "
        "prompt.",
        "input_tokens",
        problem.count,
    )


def _too_many_tokens(problem: Rejection) -> Wording:
    if isinstance(problem.value, int) and problem.count != problem.value:
        # Recorded with 0.16.0, which adds up prompt and max_tokens.
        return _later(
            f"You passed {problem.count} input tokens and requested {problem.value} "
            "output tokens. However, the model's context length is only "
            f"{problem.limit} tokens, resulting in a maximum input length of "
            f"{problem.limit - problem.value} tokens. Please reduce the length of the "
            "input prompt.",
            "input_tokens",
            problem.count,
        )
    return _later(
        f"max_tokens={problem.value} cannot be greater than "
        f"max_model_len={problem.limit}. Please request fewer output tokens.",
        "max_tokens",
        problem.value,
    )


def _too_many_images(problem: Rejection) -> Wording:
    text = f"At most {problem.limit} image(s) may be provided in one prompt."
    return _later(text, "image")


def _no_image(problem: Rejection) -> Wording:
    # Pillow's sentence, which names the object that holds the bytes.
    unknown = problem.message.endswith("cannot identify image file")
    return Wording(problem.message + (" <_io.BytesIO object>" if unknown else ""))


def _unknown_model(problem: Rejection) -> Wording:
    names = f" Valid aliases: {problem.message}." if problem.message else ""
    text = f"The model `{problem.value}` does not exist.{names}"
    return Wording(text, "NotFoundError", "model", 404)


def _wrong_choice(problem: Rejection) -> Wording:
    return _later(problem.message, "tool_choice")


_REASONS: dict[RejectionReason, Callable[[Rejection], Wording]] = {
    RejectionReason.OVERFLOW: _overflow,
    RejectionReason.MAX_TOKENS: _too_many_tokens,
    RejectionReason.IMAGE_COUNT: _too_many_images,
    RejectionReason.IMAGE: _no_image,
    RejectionReason.MODEL: _unknown_model,
    RejectionReason.TOOL_CHOICE: _wrong_choice,
}

_Error = tuple[str, str, str, Json]


def _schema(errors: list[_Error], context: str = "", count: int = 0) -> Wording:
    """Return pydantic's errors as vLLM lists them, of *count* in all."""
    total = max(count, len(errors))
    lines = [_line(*error, context) for error in errors[:_SHOWN]]
    if total > _SHOWN:
        lines.append(f"  ...and {total - _SHOWN} more errors")
    plural = "" if total == 1 else "s"
    message = "\n".join([f"{total} validation error{plural}:", *lines])
    return Wording(message, SCHEMA, errors[0][1])


def _line(kind: str, place: str, text: str, value: Json, context: str) -> str:
    line = f"  {{'type': {kind!r}, 'loc': {place!r}, 'msg': {text!r}"
    line += f", 'input': {_input(value)!r}"
    if kind == "literal_error" and not context:
        context = f"{{'expected': {text.removeprefix('Input should be ')!r}}}"
    return line + (f", 'ctx': {context}}}" if context else "}")


def _input(value: Json) -> str:
    if isinstance(value, dict):
        return f"<dict of {len(value)} items>"
    if isinstance(value, list):
        return f"<list of {len(value)} items>"
    return str(value)


def _place(pointer: str) -> str:
    return "body" + pointer.replace("/", ".")


def _later(text: str, name: str = "", value: object = "") -> Wording:
    """Return a sentence that ends with the parameter, and its value if there is one."""
    if not name:
        return Wording(text)
    shown = f", value={value}" if value != "" else ""  # 0 is a value
    return Wording(f"{text} (parameter={name}{shown})", LATER, name)


def _parent(problem: Rejection) -> Json:
    """Return the value that holds the one of the pointer."""
    return _at(problem.body, problem.pointer.split("/")[1:-1])


def _at(value: Json, steps: Iterable[str]) -> Json:
    """Return the value to which *steps* lead; None where they lead nowhere."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _missing(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    if problem.keyword != "required":
        return None
    place = _place(problem.pointer)
    return _schema([("missing", place, "Field required", _parent(problem))])


def _number(problem: Rejection, match: re.Match[str]) -> Wording | None:
    """Return the error of an option that is a number: its type, or its bounds."""
    name, value = match[1], problem.value
    place = _place(problem.pointer)
    whole = name in _INTEGERS
    kind, noun = ("int", "integer") if whole else ("float", "number")
    if isinstance(value, str):
        noun_ = "an integer" if whole else "a number"
        text = f"Input should be a valid {noun}, unable to parse string as {noun_}"
        return _schema([(f"{kind}_parsing", place, text, value)])
    if whole and isinstance(value, float) and value % 1:
        text = "Input should be a valid integer, got a number with a fractional part"
        return _schema([("int_from_float", place, text, value)])
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = f"Input should be a valid {noun}"
        return _schema([(f"{kind}_type", place, text, value)])
    if name == "seed":
        bound = 2**63 - 1
        text = f"Input should be less than or equal to {bound}"
        error = ("less_than_equal", place, text, value)
        return _schema([error], f"{{'le': {bound}}}") if value > bound else None
    if not -_LARGEST < value < _LARGEST:
        return None
    return _bounds(name, value if whole else float(value))


def _bounds(name: str, value: float) -> Wording | None:
    bare, word = "", f"got {value}."
    if name in {"max_tokens", "max_completion_tokens"} and value < 1:
        return _later(f"max_tokens must be at least 1, {word}", "max_tokens", value)
    if name == "temperature":
        rule = "be non-negative" if value < 0 else "be in [0, 2]"
        return _later(f"temperature must {rule}, {word}", name, value)
    if name == "top_p":
        return _later(f"top_p must be in (0, 1], {word}", name, value)
    if name == "top_logprobs":
        asked = 131_072 if value < 0 else value  # a negative number asks for all
        return _later(
            f"Requested sample logprobs of {asked}, which is greater than max allowed: "
            "20",
            "logprobs",
            asked,
        )
    if name == "n" and value < 1:
        bare = f"n must be at least 1, {word}"
    elif name in {"presence_penalty", "frequency_penalty"}:
        bare = f"{name} must be in [-2, 2], {word}"
    elif name == "top_k":
        bare = f"top_k must be 0 (disable), or at least 1, {word}"
    return Wording(bare) if bare else None


def _truth(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    place, text = _place(problem.pointer), "Input should be a valid boolean"
    if isinstance(problem.value, str):
        text += ", unable to interpret input"
        return _schema([("bool_parsing", place, text, problem.value)])
    return _schema([("bool_type", place, text, problem.value)])


def _model(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    text = "Input should be a valid string"
    return _schema([("string_type", "body.model", text, problem.value)])


def _stop(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    if isinstance(problem.value, str) and not problem.value:
        return Wording("stop cannot contain an empty string.")
    if isinstance(problem.value, str | list):
        return None
    return _schema(
        [
            (
                "string_type",
                "body.stop",
                "Input should be a valid string",
                problem.value,
            ),
            ("list_type", "body.stop", "Input should be a valid list", problem.value),
        ]
    )


_EFFORTS = frozenset({"minimal", "low", "medium", "xhigh", "max"})


def _effort(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    value = problem.value
    if isinstance(value, str) and value in _EFFORTS:
        return _later(
            f"reasoning_effort={value} is not supported by Mistral models. Supported "
            "values are: ['none', 'high'].",
            "reasoning_effort",
        )
    names = "'none', 'minimal', 'low', 'medium', 'high', 'xhigh' or 'max'"
    text = f"Input should be {names}"
    return _schema([("literal_error", "body.reasoning_effort", text, value)])


def _template(_problem: Rejection, _match: re.Match[str]) -> Wording:
    text = "chat_template is not supported for Mistral tokenizers."
    return _later(text, "chat_template")


def _bias(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    bias = problem.value
    if problem.reason is RejectionReason.UNSUPPORTED:
        return _later(problem.message, "logit_bias", problem.value)
    wrong = [k for k in bias if not k.isdigit()] if isinstance(bias, dict) else []
    if not wrong:
        return None
    return _later(
        f"logit_bias contains key(s) that cannot be converted to integer token IDs: "
        f"{wrong}",
        "logit_bias",
        wrong,
    )


def _stream_options(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    if problem.reason is not RejectionReason.UNSUPPORTED:
        return None
    return _later(problem.message, "stream_options")


def _structured_outputs(problem: Rejection, _match: re.Match[str]) -> Wording:
    return Wording(problem.message)


def _response_format(problem: Rejection, match: re.Match[str]) -> Wording | None:
    """Return the errors of a response format that is none of the known ones."""
    holder = _at(problem.body, ["response_format"])
    if not isinstance(holder, dict) or not isinstance(kind := holder.get("type"), str):
        return None
    place = "body.response_format"
    names = "'text', 'json_object' or 'json_schema'"
    first: _Error = ("literal_error", f"{place}.type", f"Input should be {names}", kind)
    if match[1] != "type":
        name = f"{place}.json_schema.name"
        first = ("missing", name, "Field required", _parent(problem))
    text = "Input should be 'structural_tag'"
    tag: _Error = ("literal_error", f"{place}.type", text, kind)
    others: list[_Error] = [
        ("missing", f"{place}.{name}", "Field required", holder)
        for name in ("format", "structures", "triggers")
    ]
    return _schema([first, tag, others[0], tag, *others[1:]])


def _arguments(problem: Rejection, match: re.Match[str]) -> Wording | None:
    """Return the errors of a replayed call whose arguments are no text."""
    call = _at(problem.body, ["messages", match[1], "tool_calls", match[2]])
    name = "ChatCompletionMessageFunctionToolCallParam.function"
    custom = f"body.{match[2]}.ChatCompletionMessageCustomToolCallParam"
    return _schema(
        [
            (
                "string_type",
                f"body.{match[2]}.{name}",
                "Input should be a valid string",
                problem.value,
            ),
            ("missing", f"{custom}.custom", "Field required", call),
            ("literal_error", f"{custom}.type", "Input should be 'custom'", "function"),
        ]
    )


def _top_logprobs_alone(_problem: Rejection, _match: re.Match[str]) -> Wording:
    text = "when using `top_logprobs`, `logprobs` must be set to true."
    return _later(text, "top_logprobs")


def _tools(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    if problem.value != []:
        return None
    return _later(
        "`tools` must not be an empty array. Either provide at least one tool or omit "
        "the field entirely.",
        "tools",
    )


def _tool_choice(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    if not isinstance(problem.value, str):
        return None
    return _later(
        f"Invalid value for `tool_choice`: {problem.value}! Only named tools, "
        '"none", "auto" or "required" are supported.',
        "tool_choice",
    )


def _tool_name(problem: Rejection, match: re.Match[str]) -> Wording | None:
    if problem.keyword == "required":
        return _missing(problem, match)
    return Wording(
        f"Function name was {problem.value} but must be a-z, A-Z, 0-9, or contain "
        "underscores and dashes, with a maximum length of 64."
    )


def _json_schema(_problem: Rejection, _match: re.Match[str]) -> Wording:
    return _later(
        "When response_format type is 'json_schema', the 'json_schema' field must be "
        "provided.",
        "response_format",
    )


def _body(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    if problem.keyword != "type":
        return None
    text = "Input should be a valid dictionary or object to extract fields from"
    return _schema([("model_attributes_type", "body", text, problem.value)])


def _messages(problem: Rejection, match: re.Match[str]) -> Wording | None:
    if problem.keyword == "required":
        return _missing(problem, match)
    if problem.value is None and problem.keyword == "type":
        return Wording("'NoneType' object is not iterable")
    return None  # for an empty list vLLM's sentence names no field, as it should


# The types of a message, in the order in which vLLM tries them, and their roles.
_MESSAGES = (
    ("ChatCompletionDeveloperMessageParam", "developer"),
    ("ChatCompletionSystemMessageParam", "system"),
    ("ChatCompletionUserMessageParam", "user"),
    ("ChatCompletionAssistantMessageParam", "assistant"),
    ("ChatCompletionToolMessageParam", "tool"),
    ("ChatCompletionFunctionMessageParam", "function"),
    ("CustomChatCompletionMessageParam", ""),
)


def _message(problem: Rejection, match: re.Match[str]) -> Wording | None:
    """Return the errors of a message that is no object."""
    if problem.keyword != "type":
        return None
    text, place = "Input should be a valid dictionary", f"body.messages.{match[1]}"
    errors: list[_Error] = [
        ("dict_type", f"{place}.{name}", text, problem.value) for name, _ in _MESSAGES
    ]
    text += " or object to extract fields from"
    last = ("model_attributes_type", f"{place}.Message", text, problem.value)
    return _schema([*errors, last])


def _role(problem: Rejection, match: re.Match[str]) -> Wording | None:
    """Return the errors of a message without a role, which no type accepts."""
    if problem.keyword != "required":
        return None
    holder = _parent(problem)
    place = f"body.messages.{match[1]}"
    extra = {"tool": ["role", "tool_call_id"], "function": ["name", "role"]}
    fields = [
        f"{place}.{name}.{field}"
        for name, role in _MESSAGES
        for field in extra.get(role, ["role"])
    ]
    fields += [f"{place}.Message.author", f"{place}.Message.role"]
    return _schema([("missing", field, "Field required", holder) for field in fields])


def _content(problem: Rejection, match: re.Match[str]) -> Wording | None:
    """Return the errors of a content that is neither text nor parts."""
    if problem.keyword == "required":
        return Wording("'content'")
    holder = _parent(problem)
    role = holder.get("role") if isinstance(holder, dict) else None
    value = problem.value
    if role not in {"developer", "system", "user"} or isinstance(value, str | list):
        return None
    errors: list[_Error] = []
    for name, own in _MESSAGES[:5]:
        place = f"body.messages.{match[1]}.{name}"
        content: list[_Error] = [
            (
                "string_type",
                f"{place}.content",
                "Input should be a valid string",
                value,
            ),
            ("iterable_type", f"{place}.content", "Input should be iterable", value),
        ]
        wrong: list[_Error] = [
            ("literal_error", f"{place}.role", f"Input should be {own!r}", role)
        ]
        if own == "assistant":
            errors += [*wrong, *(content if value is not None else [])]
        else:
            errors += [*content, *(wrong if own != role else [])]
    # The types after these are not shown; null is a content of two of them.
    return _schema(errors, count=19 if value is None else 22)


# The types of a part of a content, with the member that holds it.
_PARTS = (
    ("ChatCompletionContentPartTextParam", "text", "text"),
    ("ChatCompletionContentPartImageParam", "image_url", "image_url"),
    ("ChatCompletionContentPartInputAudioParam", "input_audio", "input_audio"),
    ("File", "file", "file"),
)


# The types that a part may have, in the order of vLLM's sentence.
_SUPPORTED = (
    "audio_embeds, audio_url, image_embeds, image_pil, image_url, input_audio, "
    "input_image, input_text, output_text, prompt_embeds, refusal, text, thinking, "
    "tool_reference, video_embeds, video_url"
)


def _after_text(part: dict[str, Json]) -> Wording | None:
    """Return the error of a part of another type than text that follows one of text."""
    kind = part.get("type")
    if not isinstance(kind, str) or kind in _SUPPORTED.split(", "):
        return None
    return _later(
        f"Unsupported chat content part type: {kind!r}. Supported types: {_SUPPORTED}.",
        "type",
        kind,
    )


def _result_part(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    """Return the error of a part of a tool result that is no text."""
    part = _parent(problem)
    if problem.keyword != "required" or not isinstance(part, dict):
        return None
    if part.get("type") == "image_url":
        return Wording(
            "Unexpected content chunk types in tool message: ['ImageURLChunk']"
        )
    if part.get("type") == "input_audio":
        return _later("At most 0 audio(s) may be provided in one prompt.", "audio")
    return _after_text(part)


def _part(problem: Rejection, match: re.Match[str]) -> Wording | None:
    """Return the errors of a part of no known type, which is pydantic's own text."""
    part = _parent(problem)
    if not isinstance(part, dict):
        return None
    if int(match[2]) and (found := _after_text(part)):
        return found
    if part.get("type") == "thinking":
        return Wording(f"sequence item {match[2]}: expected str instance, list found")
    if part.get("type") == "input_audio":
        text = "At most 0 audio(s) may be provided in one prompt."
        return _later(text, "audio")
    if part.get("type") == "image_url":
        return _misplaced_image(problem, part, match[1])
    return _listed(list(_part_errors(part, match[2])))


def _listed(errors: list[str]) -> Wording:
    head = f"{len(errors)} validation errors for ValidatorIterator"
    return Wording("\n".join([head, *errors]))


def _misplaced_image(
    problem: Rejection, part: dict[str, Json], index: str
) -> Wording | None:
    """Return mistral-common's error for an image that is the last part of a message."""
    message = _at(problem.body, ["messages", index])
    role = message.get("role") if isinstance(message, dict) else None
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    ends = {"assistant": ", 'tool_calls': []}", "system": "}"}
    if not isinstance(role, str) or role not in ends:
        return None
    text = f"{{'role': {role!r}, 'content': [{url!r}, detail=None))]{ends[role]}"
    shown = f"{text[: _REPR // 2]}...{text[1 - _REPR // 2 :]}"
    return Wording(
        f"1 validation error for {role.title()}Message\n  Value error, ImageURLChunk "
        f"cannot be used in {role} message. [type=value_error, input_value={shown}, "
        f"input_type=dict]\n    For further information visit {_HELP}value_error"
    )


def _part_errors(part: dict[str, Json], index: str) -> Iterator[str]:
    for name, member, kind in _PARTS:
        if member not in part:
            yield _own(f"{index}.{name}.{member}", "missing", "Field required", part)
        if "type" not in part:
            yield _own(f"{index}.{name}.type", "missing", "Field required", part)
        elif part["type"] != kind:
            text, place = f"Input should be {kind!r}", f"{index}.{name}.type"
            yield _own(place, "literal_error", text, part["type"])


def _own(place: str, kind: str, text: str, value: Json) -> str:
    """Return one error in pydantic's own text."""
    shown = repr(value)
    if len(shown) > _REPR:
        shown = f"{shown[: _REPR // 2]}...{shown[1 - _REPR // 2 :]}"
    return (
        f"{place}\n  {text} [type={kind}, input_value={shown}, "
        f"input_type={type(value).__name__}]\n"
        f"    For further information visit {_HELP}{kind}"
    )


def _image(problem: Rejection, match: re.Match[str]) -> Wording | None:
    if problem.keyword == "required":
        part = _parent(problem)
        if not isinstance(part, dict):
            return None
        return _listed(list(_part_errors(part, match[2])))
    text = _own(
        "image_url", "dict_type", "Input should be a valid dictionary", problem.value
    )
    name = "ChatCompletionContentPartImageParam"
    return Wording(f"1 validation error for {name}\n{text}")


def _image_url(problem: Rejection, _match: re.Match[str]) -> Wording | None:
    value = problem.value
    if not isinstance(value, str):
        return None
    if not value:
        return Wording("Unsupported image url scheme")
    if value.startswith("data:"):
        return Wording(f"Unsupported image url scheme {value}")
    return Wording("The URL must be either a HTTP, data or file URL.")


def _thinking(_problem: Rejection, match: re.Match[str]) -> Wording | None:
    return Wording(f"sequence item {match[2]}: expected str instance, list found")


_INTEGERS = frozenset(
    {"max_tokens", "max_completion_tokens", "n", "seed", "top_k", "top_logprobs"}
)
_NUMBERS = (
    "max_tokens|max_completion_tokens|n|seed|top_k|top_logprobs|temperature|top_p|"
    "presence_penalty|frequency_penalty"
)
_PARTS_AT = r"/messages/(\d+)/content/(\d+)"
# A pattern of the pointer, and what makes the wording from the match.
_PLACES: tuple[
    tuple[str, Callable[[Rejection, re.Match[str]], Wording | None]], ...
] = (
    (f"/({_NUMBERS})", _number),
    ("/stream", _truth),
    ("/model", _model),
    ("/stop", _stop),
    ("/reasoning_effort", _effort),
    ("/chat_template(_kwargs)?", _template),
    ("/logit_bias", _bias),
    ("/logprobs", _top_logprobs_alone),
    ("/tools", _tools),
    ("/tool_choice", _tool_choice),
    (r"/tools/\d+/function/name", _tool_name),
    ("/response_format/json_schema", _json_schema),
    ("/response_format/(type|json_schema/name)", _response_format),
    ("/stream_options", _stream_options),
    ("/structured_outputs", _structured_outputs),
    (r"/messages/(\d+)/tool_calls/(\d+)/function/arguments", _arguments),
    ("", _body),
    ("/messages", _messages),
    (r"/messages/(\d+)", _message),
    (r"/messages/(\d+)/role", _role),
    (r"/messages/(\d+)/content", _content),
    (f"{_PARTS_AT}/type", _part),
    (f"{_PARTS_AT}/text", _result_part),
    (f"{_PARTS_AT}/image_url", _image),
    (f"{_PARTS_AT}/image_url/url", _image_url),
    (f"{_PARTS_AT}/thinking", _thinking),
)
