"""Opening of a target to be identified: started or reached, recognised, not tested."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from contract.catalog.changes import changes_by_name
from contract.catalog.profiles import builtin
from contract.client.credentials import validate_key
from contract.client.route import DIRECT, Route
from contract.client.session import Session
from contract.client.throttle import Throttle
from contract.client.timeouts import RETRY_BUDGET
from contract.detection.detect import detect
from contract.detection.evidence import window_of
from contract.identity.collecting import CONCURRENCY, Collector
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.plugins.discovery import find
from contract.targets.base import TargetKind, parse_target

# More than any plan sends.
_ALLOWANCE = 20_000


@contextmanager
def opened_collector(  # noqa: PLR0913  # each is an option of the command line
    text: str,
    *,
    profile: str | None = None,
    profiles: Mapping[str, Profile] | None = None,
    model: str | None = None,
    key: str | None = None,
    variable: str = "",
    route: Route = DIRECT,
) -> Iterator[Collector]:
    """
    Open the target *text* and recognise it; what was started is stopped on exit.

    Unlike for `verify` no chat is sent first, because it would cost output tokens.

    Args:
        text: The target as on the command line.
        profile: Id of its profile; recognised if not given.
        profiles: Known profiles by id; the built-in ones if not given.
        model: Name of the model to request; chosen from the model list if not given.
        key: API key to send, if any.
        variable: Environment variable of the key, for messages.
        route: Further headers of every request, and the proxy.

    Raises `UsageError` if an argument is wrong, and `TargetError` if the target cannot
    be reached.
    """
    target = parse_target(text, find("targets", TargetKind), changes_by_name())
    known = builtin() if profiles is None else profiles
    with target.open() as opened:
        sent = validate_key(key if opened.key is None else opened.key)
        if (named := known.get(profile or opened.profile or "")) is not None:
            route = route.with_headers(named.headers, os.environ)
        route.ensure_one_key(variable if sent else None)
        throttle = Throttle(RETRY_BUDGET)
        detected = detect(
            opened.url,
            known,
            key=sent,
            variable=variable,
            throttle=throttle,
            profile=profile or opened.profile,
            model=model or opened.model,
            route=route,
        )
        with Session(
            opened.url,
            detected.profile,
            detected.model,
            key=sent,
            key_variable=variable,
            throttle=throttle,
            concurrency=CONCURRENCY,
            allowance=_ALLOWANCE,
            route=route,
        ) as session:
            yield Collector(
                session,
                window=stated_window(session),
                target=target.text,
                why=detected.why,
            )


def stated_window(session: Session) -> int | None:
    """Return the context window in the server's model list, in tokens, or None."""
    listed = session.send(
        Probe(name="models", method="GET", path="/v1/models", reasons=False)
    ).json
    return window_of(
        listed.get("data") if isinstance(listed, dict) else None, session.model
    )
