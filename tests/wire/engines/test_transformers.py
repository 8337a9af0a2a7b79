"""How `transformers serve` is started: beside the model, by its name, with no hub."""

import json
import sys

import httpx
import pytest

from contract.targets.base import parse_target
from contract.targets.transformers import (
    FILES,
    transformers,
)

# Stands for the environment's Python: tells how it was started, and is healthy.
PYTHON = """#!{python}
import http.server, json, os, sys
if sys.argv[1] == "-c":  # asked what it has
    sys.exit(print("yes"))
cache = os.environ["HF_HUB_CACHE"]
told = {{"argv": sys.argv[1:], "here": os.getcwd(), "hub": os.listdir(cache)}}
class Told(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())
    def log_message(self, *_): pass
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Told).serve_forever()
"""


@pytest.fixture
def started(tmp_path):
    """`started(options)`: how a directory named `magistral` was served."""
    python = tmp_path / "python"
    python.write_text(PYTHON.format(python=sys.executable))
    python.chmod(0o755)
    model = tmp_path / "magistral"
    model.mkdir()
    for name in FILES:
        (model / name).touch()

    def started(options=""):
        text = f"transformers:{model}?python={python}&startup=20s{options}"
        with parse_target(text, {"transformers": transformers}).open() as place:
            told = json.loads(httpx.get(f"{place.url}/health", trust_env=False).text)
        return place, told

    return started


def test_model_is_served_by_its_name_from_the_folder_it_is_in(started, tmp_path):
    place, told = started()

    assert "magistral" == place.model == told["argv"][-1]
    assert str(tmp_path) == told["here"]
    assert ["-m", "transformers.cli.transformers", "serve"] == told["argv"][:3]


def test_list_of_models_is_nobodys_cache(started):
    assert [] == started()[1]["hub"]


def test_further_flags_come_before_the_model(started):
    _, told = started("&flags=--continuous-batching&without=--device")

    assert ["--continuous-batching", "--", "magistral"] == told["argv"][-3:]
    assert "--device" not in told["argv"]
