"""The bounds of a relay: bytes, seconds and connections."""

from __future__ import annotations

MOST_HEAD = 65_536  # bytes of a head
HEAD_TIMEOUT = 10.0  # seconds from the first byte of a request to the end of its head
IDLE_TIMEOUT = 120.0  # seconds between two requests
SILENCE = 900.0  # seconds without a byte in either direction of an exchange
CONNECT_TIMEOUT = 10.0  # seconds, with TLS
MOST_BODY = 64 * 2**20  # bytes of a body that are kept
MOST_PORTIONS = 2**20
MOST_HELD = 256 * 2**20  # bytes of all exchanges that wait to be handed over
MOST_CLIENTS = 4_096  # connections
MOST_AHEAD = 65_536  # bytes of further requests that are read before their turn
# What stands for the sentence in a prepared error body.
TICK = 1.0  # seconds between two looks at the deadlines
