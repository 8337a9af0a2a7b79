"""The HTML report in a real browser: nothing runs or loads, both schemes, a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from dataclasses import replace
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image
from support.hostile import ATTACKS

import contract
from contract.model.check import Finding
from contract.model.exchange import Arrival
from contract.reporters.html import html
from contract.run.report import Outcome

pytestmark = pytest.mark.tools
BROWSERS = ("chromium", "chromium-headless-shell", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
needs_browser = pytest.mark.skipif(
    BROWSER is None, reason=f"no browser: install one of {', '.join(BROWSERS)}"
)
SECONDS = 60  # for one start of the browser
# Frames the report at a width, opens what is folded, and reports what is wider.
HARNESS = """<!doctype html>
<iframe id=f src="report.html" width="%d" height="900"></iframe>
<pre id=out></pre><script>
f.onload = () => {
  const page = f.contentDocument;
  page.querySelectorAll("details").forEach(d => d.open = true);
  const width = page.documentElement.clientWidth;
  const inside = e => e.closest(".wide, pre, svg");
  const wide = [...page.querySelectorAll("body *")].filter(
    e => !inside(e) && e.getBoundingClientRect().right > width + 1);
  out.textContent = JSON.stringify({
    width: width, scroll: page.documentElement.scrollWidth,
    wide: wide.map(e => e.outerHTML.slice(0, 80)),
    owned: !!f.contentWindow.owned, title: page.title,
    pictures: page.querySelectorAll("svg").length,
  });
};
</script>"""


class Server(ThreadingHTTPServer):
    """Serves a folder on 127.0.0.1, and keeps the paths that were requested."""

    daemon_threads = True

    def __init__(self, folder):
        self.paths = []
        server = self

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *_):
                server.paths.append(self.path)

        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


def browse(tmp_path, *options):
    """What the browser prints."""
    command = [
        *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000"),
    ]
    done = subprocess.run(  # noqa: S603  # not a shell
        [*command, *options], capture_output=True, timeout=SECONDS, check=True
    )
    return done.stdout.decode(errors="replace")


def attacks(url):
    """Texts that would set a variable or request a path of the server at *url*."""
    return " ".join(
        (
            *ATTACKS,
            "</script><script>owned = 1</script>",
            f'"><img src="{url}/loaded.png" onerror="owned = 1">',
            f"</pre></details><link rel=stylesheet href={url}/loaded.css>",
            f"</style><style>body{{background:url({url}/loaded.gif)}}</style>",
            f"<iframe src={url}/loaded.html></iframe><svg onload=owned=1>",
            f"<meta http-equiv=refresh content='0;url={url}/loaded.html'>",
        )
    )


@pytest.fixture(scope="module")
def report():
    """A run on the mock with two faults, and so with failures and pictures."""
    return contract.verify(
        "mock:mistral?fault=open-thought-lost", select=["reasoning", "streaming"]
    )


def hostile(report, text):
    """*report* with *text* in the findings and the responses of all its results."""
    raw = text.encode("utf-8", "replace")
    results = tuple(
        replace(
            result,
            outcome=Outcome.FAIL,
            findings=(Finding(text, text, text, text, text),),
            reason=text,
            exchanges=tuple(
                replace(e, arrivals=(*e.arrivals, Arrival(9.0, raw)))
                for e in result.exchanges[:1]
            ),
        )
        for result in report.results
    )
    headers = tuple(replace(h, model=text, notes=(text,)) for h in report.headers)
    return replace(report, headers=headers, results=results)


def measured(tmp_path, server, width):
    (tmp_path / "harness.html").write_text(HARNESS % width, "utf-8")
    shown = browse(
        tmp_path, "--dump-dom", "--window-size=1400,1000", f"{server.url}/harness.html"
    )
    (found,) = re.findall(r'<pre id="out">(.*?)</pre>', shown, re.DOTALL)
    return json.loads(unescape(found))


@needs_browser
@pytest.mark.parametrize("width", [390, 1200])
def test_a_hostile_page_runs_and_loads_nothing_and_keeps_its_width(
    report, server, tmp_path, width
):
    page = html.render(hostile(report, attacks(server.url)))
    (tmp_path / "report.html").write_text(page, "utf-8")
    found = measured(tmp_path, server, width)

    assert not found["owned"]
    assert found["title"].endswith("magistral-contract")
    assert found["pictures"] > 1
    assert (found["scroll"], found["wide"]) == (found["width"], [])
    assert set(server.paths) <= {"/harness.html", "/report.html", "/favicon.ico"}


@needs_browser
def test_the_harness_notices_a_page_that_runs_and_loads(server, tmp_path):
    page = (
        "<title>x</title><p style='width:2000px'>x</p><script>owned = 1</script>"
        f'<img src="{server.url}/loaded.png">'
    )
    (tmp_path / "report.html").write_text(page, "utf-8")
    found = measured(tmp_path, server, 390)

    assert found["owned"]
    assert found["wide"]
    assert "/loaded.png" in server.paths


@needs_browser
def test_the_page_follows_the_scheme_of_the_reader(report, tmp_path):
    page = tmp_path / "report.html"
    page.write_text(html.render(report), "utf-8")
    colours = []
    for scheme in (1, 0):  # light, dark
        picture = tmp_path / f"{scheme}.png"
        browse(
            tmp_path,
            f"--screenshot={picture}",
            f"--blink-settings=preferredColorScheme={scheme}",
            "--window-size=390,800",
            page.as_uri(),
        )
        with Image.open(picture) as image:
            colours.append(sum(image.convert("RGB").getpixel((1, 1))))

    light, dark = colours
    assert light > 600
    assert dark < 200


@needs_browser
def test_the_page_prints(report, tmp_path):
    page, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(html.render(report), "utf-8")
    browse(tmp_path, f"--print-to-pdf={printed}", page.as_uri())

    assert printed.read_bytes().startswith(b"%PDF-")
