"""What the tests of all scenarios may use: the secrets of the stack, and clients that come in through a tunnel."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest
from s3 import s3_client

RELAY = """
import os, socket, sys, threading
service = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def send():
    while data := os.read(0, 65536):
        service.sendall(data)
    service.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
while data := service.recv(65536):
    os.write(1, data)
"""

ENGINE = """
import http.client, socket, sys
connection = http.client.HTTPConnection("localhost")
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect("/run/docker.sock")
connection.request("GET", sys.argv[1])
sys.stdout.write(connection.getresponse().read().decode(errors="replace"))
"""


class Tunnel(socketserver.ThreadingTCPServer):
    """A port of this machine that leads to a loopback port of the server, as `ssh -L` would do it."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, server: str, port: int, local_port: int) -> None:
        self.command = ["docker", "exec", "--interactive", server, "python3", "-c", RELAY, str(port)]
        super().__init__(("127.0.0.1", local_port), Through)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Through(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        subprocess.run(self.server.command, stdin=self.request, stdout=self.request, check=True)


@pytest.fixture(scope="module")
def server(host) -> str:
    """Name of the server in the inventory, which is also the name of its container."""
    return host.backend.host


@pytest.fixture(scope="module")
def tunnel(server: str) -> t.Iterator[t.Callable[..., str]]:
    """The address here that leads to a port there; any port is taken here where none is named."""
    opened: list[Tunnel] = []

    def through(port: int, local_port: int = 0) -> str:
        opened.append(Tunnel(server, port, local_port))
        threading.Thread(target=opened[-1].serve_forever, daemon=True).start()
        return opened[-1].address

    yield through
    for each in opened:
        each.shutdown()
        each.server_close()


@pytest.fixture
def s3(tunnel) -> t.Callable[[str, str], t.Any]:
    """An S3 client with these keys."""
    # the tunnel tells late that a connection was closed, so one may be used once too often
    return lambda *keys: s3_client(tunnel(9000), *keys, retries={"mode": "standard"})


@pytest.fixture
def as_user(server: str) -> t.Callable[..., str]:
    """Run a program on the server and give its output; what must not be seen in a process list goes in as its input."""

    def run(user: str, *argv: str, given: str = "") -> str:
        command = ["docker", "exec", "--interactive", "--user", user, server, *argv]
        ran = subprocess.run(command, input=given, capture_output=True, text=True, errors="replace", check=False)
        return ran.stdout

    return run


@pytest.fixture
def engine(as_user) -> t.Callable[[str], t.Any]:
    """Ask the server's engine by its API, since a server may lack the command line program."""
    return lambda path: json.loads(as_user("root", "python3", "-c", ENGINE, path))


@pytest.fixture
def containers(engine) -> list[dict[str, t.Any]]:
    """What `docker inspect` says about every container of the server."""
    return [engine(f"/containers/{each['Id']}/json") for each in engine("/containers/json?all=1")]


@pytest.fixture
def logs(as_user, containers) -> dict[str, str]:
    """All that each container has said."""
    path = "/containers/{Id}/logs?stdout=1&stderr=1"
    return {each["Name"]: as_user("root", "python3", "-c", ENGINE, path.format_map(each)) for each in containers}


@pytest.fixture(scope="session")
def secrets() -> dict[str, str]:
    made = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "secrets"
    return {file.name: file.read_text().rstrip("\n") for file in made.iterdir() if file.is_file()}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> t.Iterator[t.Any]:
    """A test that fails for want of a service shows what the services said last."""
    report = yield
    if report.when == "call" and report.failed and "tunnel" in item.fixturenames:
        for name, said in item._request.getfixturevalue("logs").items():
            report.sections.append((f"last lines of {name}", "\n".join(said.splitlines()[-20:])))
    return report
