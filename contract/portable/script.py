"""Scripts for Postman, Newman and Apidog that judge replies by requirements."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from contract.errors import UsageError
from contract.model.check import Check
from contract.model.features import features_of
from contract.model.probe import KeyMode, Probe
from contract.model.profile import Profile
from contract.model.strict_json import read_json
from contract.model.wire import build_request
from contract.portable.facts import decoding_of, probe_facts
from contract.portable.requirement import PORTABLE, rule_of

# The variable of a collection that holds the prelude, for scripts that share it.
VARIABLE = "magistralContractPrelude"
# Postman and newman keep variables of a collection apart; in a scenario of Apidog they
# are variables of the environment. Bruno's converter translates both calls.
_MISSING = f"the variable {VARIABLE} is missing; run the request in its collection"
_LOAD = (
    f"eval(pm.collectionVariables.get('{VARIABLE}') || pm.variables.get('{VARIABLE}')",
    f"""  || 'throw new Error("{_MISSING}")');""",
)
# Keys that a collection can send: it has the user's key as a variable, or sends none.
_KEYS = frozenset(
    {KeyMode.GIVEN, KeyMode.NONE, KeyMode.WRONG, KeyMode.LOWER, KeyMode.BARE}
)


@cache
def prelude() -> str:
    """
    Return the JavaScript that assembles and judges a reply: ES2017, without a module.

    It defines `magistral`, with `assemble(input)`, `judge(reply, check, ajv)`,
    `bruno(res, test)` and `run(client, Ajv, request, decoding, checks)`. Comments and
    indentation are left out.
    """
    parts = ("responses.js", "prelude.js")
    texts = [Path(__file__).with_name(name).read_text("utf-8") for name in parts]
    lines = (line.strip() for text in texts for line in text.splitlines())
    return "\n".join(line for line in lines if line and line[:2] != "//")


def asks(check: Check, profile: Profile) -> Probe | None:
    """
    Return the request with which a collection asks *check* of a server of *profile*.

    It is the first request of the check that a collection can send as it is: with a
    body that is text, and without a length, a canary or a hang-up that only this
    program can arrange. None if there is none, if the check is not portable, or if it
    does not apply to the profile.

    Usage: `asks(check, profile).name == "sum-streamed"`.
    """
    if rule_of(check) is None or not check.needs <= profile.offers:
        return None
    if check.unless is not None and check.unless in profile.tolerates:
        return None
    return next((probe for probe in check.sends if _can_be_sent(probe)), None)


def _can_be_sent(probe: Probe) -> bool:
    try:
        (probe.body or b"").decode()
    except UnicodeDecodeError:
        return False
    arranged = probe.fill or probe.canary or probe.hang_up_after is not None
    return probe.key in _KEYS and not arranged


def test_script(
    check_ids: Sequence[str],
    profile: Profile,
    probe: Probe,
    *,
    shared: bool = False,  # noqa: PT028  # no test of pytest
) -> tuple[str, ...]:
    """
    Return the lines of the script that judges the reply to *probe*.

    They are the `exec` of the `test` event of a Postman item, which Newman and
    apidog-cli run as well, and Bruno once its converter has translated them. There is
    one `pm.test` for each check, named "ID:
    REQUIREMENT"; what a check does not apply to is skipped by `pm.test.skip`, and a
    failure that the profile waives passes, with the reason in its name.

    Usage: `test_script(["usage.sums-up"], profile, asks(check, profile))`.

    Args:
        check_ids: The ids of portable checks.
        profile: The profile of the server, whose dialect decodes the reply.
        probe: The request whose reply is judged.
        shared: Whether the prelude is in the variable `VARIABLE` of the collection,
            and not in the script itself.

    Raises `UsageError` for a check that is not portable.
    """
    unknown = [one for one in check_ids if one not in PORTABLE]
    if unknown:
        raise UsageError(f"{', '.join(unknown)}: not portable; see docs/portable.md.")
    dialect = profile.dialect
    judged = [
        {
            "name": f"{one}: {PORTABLE[one].check.requirement}",
            "expects": ranges(PORTABLE[one].check.expects),
            "applies": PORTABLE[one].applies(dialect),
            "holds": PORTABLE[one].schema(dialect),
            **_waived(one, profile, probe),
        }
        for one in check_ids
    ]
    return (
        *(_LOAD if shared else prelude().splitlines()),
        "magistral.run(typeof pm === 'undefined' ? magistral.bruno(res, test) : pm,",
        f"  require('ajv'), {_text(probe_facts(probe, profile))},",
        f"  {_text(decoding_of(dialect))}, [",
        *(f"  {_text(check)}," for check in judged),
        "]);",
    )


def share(script: Sequence[str]) -> tuple[str, ...]:
    """
    Return *script*, made by `test_script`, with the prelude in the variable `VARIABLE`.

    Usage: `share(test_script(ids, profile, probe))` is the same as with `shared=True`.
    """
    own = tuple(prelude().splitlines())
    lines = tuple(script)
    return (*_LOAD, *lines[len(own) :]) if lines[: len(own)] == own else lines


def _waived(check_id: str, profile: Profile, probe: Probe) -> dict[str, str]:
    """Return why *profile* waives a check for the reply to *probe*, if it does."""
    if not any(key.partition("@")[0] == check_id for key in profile.waivers):
        return {}
    sent = read_json(build_request(probe, profile, profile.model or "").body)
    features = features_of(sent if isinstance(sent, dict) else {}, probe)
    places = (check_id, *(f"{check_id}@{one}" for one in sorted(features)))
    reasons = [profile.waivers[one] for one in places if one in profile.waivers]
    return {"waived": "; ".join(reasons)} if reasons else {}


test_script.__test__ = False  # type: ignore[attr-defined]  # pytest takes it for a test


def ranges(statuses: Iterable[int]) -> list[list[int]]:
    """Return *statuses* as pairs of the first and the last of consecutive ones."""
    found: list[list[int]] = []
    for status in sorted(statuses):
        if found and found[-1][1] == status - 1:
            found[-1][1] = status
        else:
            found.append([status, status])
    return found


def _text(value: object) -> str:
    """Return *value* as JavaScript on one line, in ASCII."""
    return json.dumps(value, sort_keys=True)
