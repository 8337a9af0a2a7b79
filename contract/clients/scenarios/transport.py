"""Transport: connections, compression and media types of responses."""

from __future__ import annotations

from contract.clients import changes
from contract.clients.expectations import same_answer
from contract.clients.scenario import ANSWER, Run, Scenario, requirement
from contract.clients.task import Task
from contract.model.check import Findings
from contract.model.custom import CustomReply
from contract.quirks import headers

_STREAM = Task(stream=True)
_TWICE = (CustomReply(answer="There are 21."), CustomReply(answer=ANSWER))

CLOSES = Scenario(
    id="connection-closes",
    title="The server closes the connection after each reply.",
    task=Task(then=("And now?",)),
    turns=_TWICE,
    changes=(changes.closing,),
)
GZIP = Scenario(
    id="gzip",
    title="The response is compressed with gzip, if the client accepts that.",
    changes=(changes.compressed,),
)
GZIP_STREAM = Scenario(
    id="gzip-stream",
    title="The stream is compressed with gzip, if the client accepts that.",
    task=_STREAM,
    changes=(changes.compressed,),
)
CAPITALS = Scenario(
    id="media-type-in-capitals",
    title="The media type of the stream is written in capitals.",
    task=_STREAM,
    changes=(headers.media_type_in_capitals.apply,),
)
HEADERS = Scenario(
    id="unknown-headers",
    title="Proxies add headers to the response.",
    changes=(headers.unknown_headers.apply,),
)
SAME_ID = Scenario(
    id="same-id",
    title="Every response has the same id.",
    task=Task(then=("And now?",)),
    turns=_TWICE,
    changes=(changes.one_id,),
)
ESCAPED = Scenario(
    id="escaped-characters",
    title="All but ASCII is escaped in the JSON, also emojis as two escapes.",
    task=_STREAM,
    changes=(changes.escaped_characters,),
)
OMITTED = Scenario(
    id="nulls-left-out",
    title="Members that are null are left out, as gateways in Go do.",
    changes=(changes.nulls_left_out,),
)
UNKNOWN = Scenario(
    id="unknown-members-whole",
    title="The response has members that the client does not know.",
    changes=(changes.unknown_members,),
)


def _reads(id: str, text: str, on: Scenario, source: str) -> object:
    """Return the requirement that the answer is returned."""

    @requirement(id, text, source=source, on=on)
    def reads(run: Run) -> Findings:
        yield from same_answer(run)

    return reads


opens_a_new_connection = _reads(
    "client.opens-a-new-connection",
    "A client MUST go on after a server has closed the connection.",
    CLOSES,
    "RFC 9112 9.6",
)
reads_gzip = _reads(
    "client.reads-gzip",
    "A client that accepts gzip MUST read responses compressed with it.",
    GZIP,
    "RFC 9110 8.4.1.3",
)
reads_gzip_streams = _reads(
    "client.reads-gzip-streams",
    "A client that accepts gzip MUST read streams compressed with it.",
    GZIP_STREAM,
    "RFC 9110 8.4.1.3",
)
ignores_the_case_of_media_types = _reads(
    "client.ignores-the-case-of-media-types",
    "A client MUST NOT depend on the case of a media type.",
    CAPITALS,
    "RFC 9110 8.3.1",
)
ignores_unknown_headers = _reads(
    "client.ignores-unknown-headers",
    "A client MUST ignore headers that it does not know.",
    HEADERS,
    "RFC 9110 5.1",
)
does_not_depend_on_ids = _reads(
    "client.does-not-depend-on-ids",
    "A client SHOULD NOT depend on the ids of responses to be unique.",
    SAME_ID,
    "BerriAI/litellm#1571",
)
reads_escapes = _reads(
    "client.reads-escapes",
    "A client MUST read characters that are escaped in JSON.",
    ESCAPED,
    "RFC 8259 7",
)
reads_omitted_nulls = _reads(
    "client.reads-omitted-nulls",
    "A client SHOULD read responses without the members that may be null.",
    OMITTED,
    "OpenAI API reference: members that are optional",
)
ignores_unknown_members_of_responses = _reads(
    "client.ignores-unknown-members-of-responses",
    "A client MUST ignore members of a response that it does not know.",
    UNKNOWN,
    "OpenAI API reference: new members are no breaking change",
)
