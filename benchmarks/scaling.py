"""
Measures how the program scales, and draws the curves of `docs/scaling.md`.

Usage: `python benchmarks/scaling.py [FOLDER]` writes `lag.svg`, `history.svg`,
`verify.svg`, `load.svg` and `figures.json` into FOLDER (`docs/scaling`). It takes about
ten minutes on two cores with nothing beside it. PostgreSQL is left out where
`initdb` is not found.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pygal
from load import free_port, serving
from pygal.style import Style
from test_clock import clock_server, lags
from test_history import run as a_run

import contract
from contract.client.route import DIRECT
from contract.history.store import History
from contract.load.plan import LoadPlan
from contract.load.running import Engines
from contract.load.scenario import parse
from contract.testing.rehearsal import clean

SERVE = [sys.executable, "-m", "contract", "serve", "--port", "{port}"]
VLLM = [*SERVE, "--dialect", "vllm"]
STREAMS = (1, 16, 64, 256, 512)
WRITERS = (1, 2, 4, 8, 16)
USERS = (1, 4, 16, 64)
SELECTIONS = {
    "one check": ["reasoning.right-field"],
    "one family": ["reasoning"],
    "two families": ["reasoning", "streaming"],
    "four families": ["reasoning", "streaming", "tools", "usage"],
    "all": [],
}
SECONDS = 8.0  # of each point of a load, and of each number of writers
Points = dict[str, list[tuple[float, float]]]


def lag(folder: Path) -> Points:
    """The 99th percentile of the lag of time stamps in ms, by concurrent streams."""
    found: Points = {"magistral-contract": [], "httpx": []}
    for streams in STREAMS:
        # 5,000 events per second in all, but for a single stream.
        icl = max(0.005, streams / 5_000)
        with clock_server(folder, icl, 60) as server:
            for name, client in (("magistral-contract", "ours"), ("httpx", "httpx")):
                one = lags(server, client, streams, folder / "out.json")
                found[name].append((streams, one["p99"]))
                print(f"lag, {name}, {streams} streams: p99 {one['p99']:.3f} ms")
    return found


def stored(place: str, writers: int) -> float:
    """Runs per second that *writers* threads store in the history at *place*."""
    counts = [0] * writers
    History.open(place).close()
    until = time.perf_counter() + SECONDS

    def write(number: int) -> None:
        history = History.open(place)
        while time.perf_counter() < until:
            history.add(a_run(number), kind="verify")
            counts[number] += 1
        history.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of its own, as a URL; an empty one without the program."""
    places = [*map(str, Path("/usr/lib/postgresql").glob("*/bin")), os.environ["PATH"]]
    path = os.pathsep.join(places)
    initdb, server = (shutil.which(name, path=path) for name in ("initdb", "postgres"))
    if initdb is None or server is None:
        yield ""
        return
    user = ["setpriv", "--reuid=nobody", "--clear-groups"] if os.getuid() == 0 else []
    home, port = Path(tempfile.mkdtemp()), free_port()
    if user:
        shutil.chown(home, "nobody")
    data = str(home / "data")
    subprocess.run(
        [*user, initdb, "-D", data, "-U", "me", "-A", "trust"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    child = subprocess.Popen(
        [*user, server, "-D", data, "-p", str(port), "-k", str(home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    place = f"postgresql://me@127.0.0.1:{port}/postgres"
    try:
        for _ in range(100):
            try:
                History.open(place).close()
                break
            except contract.ContractError:
                time.sleep(0.2)
        yield place
    finally:
        child.terminate()
        child.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def histories(folder: Path) -> Points:
    """Stored runs per second, by concurrent writers in one process."""
    found: Points = {"SQLite": []}
    with postgres() as url:
        for writers in WRITERS:
            places = {"SQLite": str(folder / f"{writers}.db")}
            if url:
                places["PostgreSQL"] = url
            for name, place in places.items():
                rate = stored(place, writers)
                found.setdefault(name, []).append((writers, rate))
                print(f"history, {name}, {writers} writers: {rate:.0f} runs/s")
    return found


def verified() -> Points:
    """CPU seconds of one run, by its requests; the server is another process."""
    found: Points = {"CPU seconds": []}
    with serving(VLLM, "/v1/models") as server:
        url = f"http://127.0.0.1:{server.port}/v1"
        contract.verify(url, select="reasoning")
        for name, select in SELECTIONS.items():
            began = time.process_time()
            report = contract.verify(url, select=select)
            used = time.process_time() - began
            found["CPU seconds"].append((report.headers[0].requests, used))
            print(
                f"verify, {name}: {report.headers[0].requests} requests, {used:.2f} s"
            )
    return found


def loaded() -> Points:
    """Streams of 200 chunks per CPU second of the generator, by users."""
    found: Points = {"streams per CPU second": []}
    profile = clean("vllm-0.32").profile
    messages = [{"role": "user", "content": "Go on. #loop"}]
    chat = {"name": "loop", "messages": messages, "max-tokens": 200}
    command = [*VLLM, "--ttft", "20ms", "--icl", "2ms"]
    with serving(command, "/v1/models") as server:
        for users in USERS:
            plan = LoadPlan(
                url=f"http://127.0.0.1:{server.port}",
                profile=profile,
                model="magistral-small-2509",
                scenario=parse({"chats": [chat]}, "loop"),
                users=users,
                duration=SECONDS,
                warm_up=1.0,
                most=1_000_000,
            )
            with Engines.local(None, DIRECT) as engines:
                step = engines.run(plan, profile)
            (generator,) = step.generators
            spent = generator.cpu * (step.totals.seconds + plan.warm_up)
            rate = step.totals.sent / spent
            found["streams per CPU second"].append((users, rate))
            print(f"load, {users} users: {rate:.0f} streams per CPU second")
    return found


def draw(path: Path, title: str, x: str, y: str, points: Points) -> None:
    """Write the curves *points* as a picture without scripts or outside references."""
    style = Style(
        background="#ffffff",
        plot_background="#ffffff",
        colors=("#1a56db", "#c2410c"),
        font_family="sans-serif",
        title_font_size=18,
        label_font_size=13,
        major_label_font_size=13,
        legend_font_size=14,
    )
    chart = pygal.XY(
        style=style,
        js=[],
        title=title,
        x_title=x,
        y_title=y,
        legend_at_bottom=True,
        disable_xml_declaration=True,
        logarithmic="lag" in path.name,
        range=None if "lag" in path.name else (0, _top(points)),
        stroke_style={"width": 2},
        width=760,
        height=440,
    )
    if "lag" in path.name:
        chart.x_labels, chart.y_labels = STREAMS, (0.1, 1, 10, 100, 1_000)
    for name, values in points.items():
        chart.add(name, values)
    path.write_text(chart.render(is_unicode=True), "utf-8")


def _top(points: Points) -> float:
    """Return a little more than the largest value."""
    return 1.05 * max(value for values in points.values() for _, value in values)


def main() -> None:
    """Measure, draw, and write what was measured."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/scaling")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = {
            "verify": ("CPU time of a run", "requests", "s", verified()),
            "history": ("Runs stored per second", "writers", "", histories(folder)),
            "load": ("Streams per CPU second", "users", "", loaded()),
            "lag": ("Lag of time stamps, p99", "streams", "ms", lag(folder)),
        }
    for stem, (title, x, y, points) in pictures.items():
        draw(target / f"{stem}.svg", title, x, y, points)
    figures = {stem: points for stem, (*_, points) in pictures.items()}
    (target / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
