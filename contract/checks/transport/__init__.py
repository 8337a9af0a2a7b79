"""Transport checks: whole responses, true headers, errors with an error status."""
