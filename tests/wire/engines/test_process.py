"""
Tests of server processes that start, fail, crash or are interrupted.

Each runs under the watcher program, `contract/engines/watching.py`.
"""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from contract.engines.process import Launch, free_port, running
from contract.errors import TargetError, UsageError

# A small server with a child process; it logs their process ids before it is healthy.
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
    """Whether the process ends in time; it is not a child, so it cannot be awaited."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return False


def get(launch, path):
    with socket.create_connection(("127.0.0.1", launch.port)) as client:
        client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return client.recv(100)


def test_server_runs_within_the_context_and_not_afterwards(launch):
    with running(launch, 20) as url:
        response = get(launch, "/health")

    assert f"http://127.0.0.1:{launch.port}" == url
    assert b" 200 " in response
    with pytest.raises(OSError, match="refused"):
        get(launch, "/health")


def killed(launch, path="/die", wait=0.5):
    with running(launch, 20):
        get(launch, path)
        time.sleep(wait)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.long
def test_processes_are_ended_after_an_exception(launch, error):
    with pytest.raises(error), running(launch, 20):
        raise error


def test_crash_during_the_run_is_reported_with_the_log(launch):
    with pytest.raises(TargetError) as caught:
        killed(launch)

    assert "it ended with code 7 during the run" in str(caught.value)
    assert "pids" in str(caught.value)
    assert "key …" in str(caught.value)


@pytest.mark.long
def test_server_that_stops_listening_is_awaited_and_reported(launch):
    with pytest.raises(TargetError, match="it ended with code 0 during the run"):
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
def test_crash_before_the_server_is_ready_is_reported(command, sentence):
    launch = Launch(name="it", command=command, port=free_port())
    with pytest.raises(TargetError, match=sentence), running(launch, 20):
        pass


def test_server_that_is_never_ready_is_terminated():
    command = (sys.executable, "-c", "import time; time.sleep(300)")
    launch = Launch(name="it", command=command, port=free_port())
    late = pytest.raises(TargetError, match=r"not ready within 0\.5 s")
    with late, running(launch, 0.5):
        pass


def test_server_ends_with_the_process_that_started_it(launch):
    program = (
        "import time\n"
        "from contract.engines.process import Launch, running\n"
        f"with running(Launch(name='it', command={launch.command!r}, "
        f"port={launch.port}), 20):\n"
        "    print('up', flush=True)\n"
        "    time.sleep(300)\n"
    )
    with subprocess.Popen(  # noqa: S603  # the program above
        [sys.executable, "-c", program], stdout=subprocess.PIPE
    ) as owner:
        up = owner.stdout.readline()
        owner.kill()

    # The fixture checks that server and child are gone.
    assert b"up\n" == up


def test_port_in_use_is_rejected():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} is not available"):
            free_port(port)
