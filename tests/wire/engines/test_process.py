"""Servers that start, fail, die and are interrupted; none of them is left behind."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from contract.engines.process import (
    Launch,
    free_port,
    running,
)
from contract.errors import (
    TargetError,
    UsageError,
)

# A server of a few lines, with a child, that says who they are before it is healthy.
SERVER = """
import http.server, os, subprocess, sys, threading
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print("pids", os.getpid(), child.pid, "key", os.environ.get("KEY"), flush=True)
with open(sys.argv[2], "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(7)
        if self.path == "/close":
            self.server.socket.close()
            threading.Timer(1.0, os._exit, [0]).start()
            return
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Healthy).serve_forever()
"""


@pytest.fixture
def launch(tmp_path):
    port, pids = free_port(), tmp_path / "pids"
    command = (sys.executable, "-c", SERVER, str(port), str(pids))
    environment = {"KEY": "sk-1"}
    yield Launch(
        name="it", command=command, port=port, environment=environment, secret="sk-1"
    )
    for pid in map(int, pids.read_text().split()) if pids.exists() else ():
        assert gone(pid)


def gone(pid, within=15.0):
    """Whether the process ends in time; it is not ours to wait for."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return False


def asked(launch, path):
    with socket.create_connection(("127.0.0.1", launch.port)) as client:
        client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return client.recv(100)


def test_server_answers_while_it_is_open_and_is_gone_after(launch):
    with running(launch, 20) as url:
        answer = asked(launch, "/health")

    assert f"http://127.0.0.1:{launch.port}" == url
    assert b" 200 " in answer
    with pytest.raises(OSError, match="refused"):
        asked(launch, "/health")


def killed(launch, path="/die", wait=0.5):
    with running(launch, 20):
        asked(launch, path)
        time.sleep(wait)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_when_the_work_is_broken_off(launch, error):
    with pytest.raises(error), running(launch, 20):
        raise error


def test_death_in_the_middle_is_told_with_the_log(launch):
    with pytest.raises(TargetError) as caught:
        killed(launch)

    assert "it ended with code 7 while it was being judged" in str(caught.value)
    assert "pids" in str(caught.value)
    assert "key …" in str(caught.value)


def test_server_that_listens_no_more_is_waited_for_and_told(launch):
    with pytest.raises(TargetError, match="it ended with code 0 while it was being"):
        killed(launch, "/close", 0)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ((sys.executable, "-c", "print('no model'); exit(3)"), "with code 3 before"),
        ((sys.executable, "-c", "import os; os.abort()"), "by signal 6 before"),
        (("/nowhere/server",), "cannot be started: No such file"),
    ],
    ids=["exits", "crashes", "is-not-there"],
)
def test_death_before_the_start_is_told(command, sentence):
    launch = Launch(name="it", command=command, port=free_port())
    with pytest.raises(TargetError, match=sentence), running(launch, 20):
        pass


def test_server_that_is_never_ready_is_ended():
    command = (sys.executable, "-c", "import time; time.sleep(300)")
    launch = Launch(name="it", command=command, port=free_port())
    late = pytest.raises(TargetError, match=r"not ready within 0\.5 s")
    with late, running(launch, 0.5):
        pass


def test_server_dies_with_whoever_started_it(launch):
    program = (
        "import time\n"
        "from contract.engines.process import Launch, running\n"
        f"with running(Launch(name='it', command={launch.command!r}, "
        f"port={launch.port}), 20):\n"
        "    print('up', flush=True)\n"
        "    time.sleep(300)\n"
    )
    with subprocess.Popen(  # noqa: S603  # our own words
        [sys.executable, "-c", program], stdout=subprocess.PIPE
    ) as owner:
        up = owner.stdout.readline()
        owner.kill()

    # The fixture sees that server and child are gone.
    assert b"up\n" == up


def test_port_somebody_listens_on_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} cannot be listened on"):
            free_port(port)
