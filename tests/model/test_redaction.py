"""Secrets are removed from headers and texts."""

from contract.model.redaction import redact_headers, redact_text

SECRET = "sk-0123456789"


def test_secrets_are_redacted_in_headers_too():
    headers = (
        ("authorization", "Bearer x"),
        ("set-cookie", "a=b"),
        ("x-echo", f"you sent {SECRET}"),
        ("x-ok", "fine"),
    )

    assert (
        ("authorization", "***"),
        ("set-cookie", "***"),
        ("x-echo", "you sent ***"),
        ("x-ok", "fine"),
    ) == redact_headers(headers, (SECRET,))
    assert "a *** b" == redact_text("a x b", ("", "x"))
