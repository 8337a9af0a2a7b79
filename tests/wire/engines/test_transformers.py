"""Tests of the start of `transformers serve`: folder, model name, no hub."""

import json
import sys

import httpx
import pytest

from contract.targets.base import parse_target
from contract.targets.transformers import FILES, transformers

# Replaces the environment's Python: a healthy server that returns how it was started.
PYTHON = """#!{python}
import http.server, json, os, sys
if sys.argv[1] == "-c":  # whether it has the engine
    sys.exit(print("yes"))
cache = os.environ["HF_HUB_CACHE"]
start = {{"argv": sys.argv[1:], "folder": os.getcwd(), "hub": os.listdir(cache)}}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(start).encode())
    def log_message(self, *_): pass
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def started(tmp_path):
    """`started(options)`: the target of a directory, and how its server was started."""
    python = tmp_path / "python"
    python.write_text(PYTHON.format(python=sys.executable))
    python.chmod(0o755)
    model = tmp_path / "magistral"
    model.mkdir()
    for name in FILES:
        (model / name).touch()

    def started(options=""):
        text = f"transformers:{model}?python={python}&startup=20s{options}"
        with parse_target(text, {"transformers": transformers}).open() as target:
            start = json.loads(httpx.get(f"{target.url}/health", trust_env=False).text)
        return target, start

    return started


def test_model_is_served_by_its_name_from_its_parent_folder(started, tmp_path):
    target, start = started()

    assert "magistral" == target.model == start["argv"][-1]
    assert str(tmp_path) == start["folder"]
    assert ["-m", "transformers.cli.transformers", "serve"] == start["argv"][:3]


def test_cache_of_models_is_empty(started):
    assert [] == started()[1]["hub"]


def test_additional_flags_come_before_the_model(started):
    _, start = started("&flags=--continuous-batching&without=--device")

    assert ["--continuous-batching", "--", "magistral"] == start["argv"][-3:]
    assert "--device" not in start["argv"]
