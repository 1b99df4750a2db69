# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What many service accounts cost: whole runs of ansible-playbook beside one of an empty play, one after the other.

Usage: .venv/bin/python benchmarks/minio_iam.py [--rounds N] [--accounts N] [--many N] [--single N]

Needs a Docker Engine with the MinIO image (`make up` or `make live` makes it): it runs a server of its own and removes
it. With --endpoint it uses that server instead, as the administrator that MINIO_ACCESS_KEY and MINIO_SECRET_KEY name,
and removes what it made there. Figures are wall seconds, and those in which Ansible and its modules kept a core busy:
on a machine that is busy with other things the former come out higher. Read both beside the empty play of the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
import uuid
from pathlib import Path

import docker

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".ansible"))

from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin  # noqa: E402
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection  # noqa: E402
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities  # noqa: E402
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import access  # noqa: E402

MIB = 1024 * 1024
TARGETS = {"create": 5.0, "unchanged": 1.5, "one drifted and repaired": 2.0, "inline list, unchanged": 4.0}
MEMORY_TARGET = 300
MODULE = "ansible_collections.repro.stack.plugins.modules.minio_iam"

State = dict[str, t.Any]


class Taken(t.NamedTuple):
    """Seconds by the clock, and of processors."""

    wall: float
    busy: float


@contextlib.contextmanager
def own_server() -> t.Iterator[Connection]:
    engine = docker.from_env()
    images = engine.images.list("repro-stack/minio")
    if not images:
        sys.exit("There is no image repro-stack/minio: make up or make live builds it")
    user, password = "benchmark", uuid.uuid4().hex
    server = engine.containers.run(
        images[0],
        ["server", "/data", "--address", ":9000"],
        detach=True,
        environment={"MINIO_ROOT_USER": user, "MINIO_ROOT_PASSWORD": password},
        ports={"9000/tcp": ("127.0.0.1", None)},
        volumes=["/data"],
    )
    try:
        while not server.ports.get("9000/tcp"):
            time.sleep(0.2)
            server.reload()
            if server.status == "exited":
                sys.exit(f"The server did not start: {server.logs(tail=5).decode()}")
        yield connection(f"http://127.0.0.1:{server.ports['9000/tcp'][0]['HostPort']}", user, password)
    finally:
        server.remove(force=True, v=True)


@contextlib.contextmanager
def given_server(endpoint: str) -> t.Iterator[Connection]:
    yield connection(endpoint, os.environ["MINIO_ACCESS_KEY"], os.environ["MINIO_SECRET_KEY"])


def connection(endpoint: str, access_key: str, secret_key: str) -> Connection:
    return Connection(endpoint, access_key, secret_key, "us-east-1", True, 60.0)


class Declared:
    """So many accounts of one parent, each with a policy of its own; none at all when they are to go."""

    def __init__(self, word: str, count: int) -> None:
        self.word = word
        self.accounts = [
            {
                "name": f"{word}-{number}",
                "parent": f"{word}-parent",
                "secret": uuid.uuid4().hex,
                "description": f"account {number} of a benchmark",
                "access": [{"bucket": f"{word}-data", "prefix": f"folder-{number}", "mode": "read-write"}],
            }
            for number in range(count)
        ]
        self.users = [{"name": f"{word}-parent", "secret": uuid.uuid4().hex, "policies": []}] if count else []

    def state(self) -> State:
        return {"users": self.users, "service_accounts": self.accounts}


class Plays:
    """Plays of some tasks in files of their own, run by ansible-playbook against one server."""

    def __init__(self, scratch: Path, server: Connection) -> None:
        self._scratch = scratch
        self._server = server
        self._environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "MINIO_ACCESS_KEY": server.access_key,
            "MINIO_SECRET_KEY": server.secret_key,
        }

    def options(self, word: str) -> State:
        secret = {
            key: f"{{{{ lookup('ansible.builtin.env', 'MINIO_{key.upper()}') }}}}"
            for key in ("access_key", "secret_key")
        }
        return {"endpoint": self._server.endpoint, **secret, "manager": word, "purge": "managed"}

    def file(self, name: str, content: t.Any) -> Path:
        path = self._scratch / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content))
        return path

    def play(self, name: str, *tasks: State) -> Path:
        return self.file(
            f"{name}.yml",
            [
                {
                    "hosts": "localhost",
                    "connection": "local",
                    "gather_facts": False,
                    "vars": {"ansible_python_interpreter": sys.executable},
                    "tasks": list(tasks),
                }
            ],
        )

    def iam(self, name: str, word: str, **options: t.Any) -> Path:
        return self.play(name, {"name": name, "repro.stack.minio_iam": {**self.options(word), **options}})

    def from_file(self, name: str, declared: Declared) -> Path:
        return self.iam(name, declared.word, state_file=str(self.file(f"{name}.json", declared.state())))

    def run(self, play: Path, *, changed: int) -> Taken:
        """How long it took; ends the program where it failed, or changed what it should not."""
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        ran = subprocess.run(
            [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", play],
            capture_output=True, text=True, env=self._environment, check=False,
        )  # fmt: skip
        taken, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        counted = re.search(r"changed=(\d+)", ran.stdout)
        if ran.returncode or int(counted[1] if counted else 0) != changed:
            sys.exit(f"{play.stem}: expected changed={changed}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}")
        return Taken(taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def memory(self, declared: Declared, name: str) -> float:
        """The most MiB that the module's process holds when it runs by itself, with the same options."""
        options = {**self.options(declared.word), "state_file": str(self._scratch / f"{name}.json")}
        options |= {"access_key": self._server.access_key, "secret_key": self._server.secret_key}
        program = f"import runpy, sys; sys.path.insert(0, {str(ROOT / '.ansible')!r}); "
        program += f"runpy.run_module({MODULE!r}, run_name='__main__')"
        command = [sys.executable, "-c", program]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
        process.stdin.close()
        said = process.stdout.read()
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if json.loads(said).get("changed") is not False:
            sys.exit(f"The module by itself: {said[:500]}")
        return used.ru_maxrss * 1024 / MIB


def drift(server: Connection, account: State) -> None:
    """Another secret and a wider policy, by the call that mc makes."""
    wider = access.document([{"bucket": account["access"][0]["bucket"], "mode": "read-write"}], "benchmark")
    admin = Admin(server, read_only=False)
    body = {"newSecretKey": uuid.uuid4().hex, "newPolicy": wider}
    admin.call("POST", "update-service-account", {"accessKey": account["name"]}, body=admin.encrypted(body))


def repaired(server: Connection, account: State) -> bool:
    return Identities(Admin(server, read_only=True)).of("svcaccts")[account["name"]]["secretKey"] == account["secret"]


def single(plays: Plays, word: str, count: int) -> tuple[Path, Path]:
    """Plays that make the parent, and the accounts by a task for each."""
    declared = Declared(word, count)
    keys = ("endpoint", "access_key", "secret_key")
    server = {key: value for key, value in plays.options(word).items() if key in keys}
    tasks = [{"name": each["name"], "repro.stack.minio_svcacct": {**server, **each}} for each in declared.accounts]
    return plays.iam("parent", word, users=declared.users), plays.play("single", *tasks)


class Table:
    """Medians of whole runs, and what they are less those of the empty play."""

    def __init__(self) -> None:
        self._empty = Taken(0.0, 0.0)
        print(f"  {'seconds':<40}{'run':>8}{'less empty':>12}{'busy':>8}{'less empty':>12}", flush=True)

    def show(self, title: str, runs: t.Sequence[Taken], targets: t.Mapping[str, float] | None = None) -> float:
        taken = Taken(*map(statistics.median, zip(*runs, strict=True)))
        wall, busy = taken.wall - self._empty.wall, taken.busy - self._empty.busy
        wanted = f"   target {targets[title]}" if targets and title in targets else ""
        print(f"  {title:<40}{taken.wall:>8.2f}{wall:>12.2f}{taken.busy:>8.2f}{busy:>12.2f}{wanted}", flush=True)
        return wall

    def show_empty(self, runs: t.Sequence[Taken]) -> None:
        self.show("empty play", runs)
        self._empty = Taken(*map(statistics.median, zip(*runs, strict=True)))


def measure(server: Connection, scratch: Path, given: argparse.Namespace) -> None:
    plays, word, rounds = Plays(scratch, server), f"b{uuid.uuid4().hex[:7]}", range(given.rounds)
    few, many = Declared(word, given.accounts), Declared(word, given.many)
    nothing, gone = plays.play("nothing"), plays.from_file("gone", Declared(word, 0))
    file, inline = plays.from_file("few", few), plays.iam("inline", word, **few.state())
    more = plays.from_file("many", many)
    parent, loop = single(plays, word, given.single)

    plays.run(nothing, changed=0)  # the first run warms up
    taken: dict[str, list[Taken]] = {}
    try:
        for number in rounds:
            taken.setdefault("empty play", []).append(plays.run(nothing, changed=0))
            taken.setdefault("create", []).append(plays.run(file, changed=1))
            taken.setdefault("unchanged", []).append(plays.run(file, changed=0))
            drift(server, few.accounts[number])
            taken.setdefault("one drifted and repaired", []).append(plays.run(file, changed=1))
            if not repaired(server, few.accounts[number]):
                sys.exit("The drifted account was not repaired")
            taken.setdefault("inline list, unchanged", []).append(plays.run(inline, changed=0))
            taken.setdefault("removed by a purge", []).append(plays.run(gone, changed=1))
        table = Table()
        table.show_empty(taken.pop("empty play"))
        print(f"{given.accounts} accounts with a policy each, from a file unless it is said")
        targets = TARGETS if given.accounts == 1000 else None
        cost = {title: table.show(title, runs, targets) for title, runs in taken.items()}

        if not given.many or not given.single:
            return
        print(f"{given.many} accounts, from a file")
        created = table.show("create", [plays.run(more, changed=1)])
        unchanged = table.show("unchanged", [plays.run(more, changed=0) for _round in rounds])
        memory = plays.memory(many, "many")
        table.show("removed by a purge", [plays.run(gone, changed=1)])
        print(f"  {given.many / given.accounts:.0f} times as many take", end=" ")
        print(f"{created / cost['create']:.1f} times as long to create, {unchanged / cost['unchanged']:.1f} unchanged")
        print(f"  memory of the module run by itself, unchanged: {memory:.0f} MiB   target {MEMORY_TARGET}")
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / MIB
        print(f"  memory of the largest process of all runs, Ansible's own included: {largest:.0f} MiB")

        print(f"{given.single} accounts, a task of minio_svcacct for each")
        plays.run(parent, changed=1)
        one = table.show("create", [plays.run(loop, changed=given.single)]) / given.single
        again = table.show("unchanged", [plays.run(loop, changed=0)]) / given.single
        print(f"  {one:.2f} and {again:.2f} for each; {given.accounts} of them, calculated and not run:", end=" ")
        print(f"{one * given.accounts:.0f} to create, {again * given.accounts:.0f} unchanged")
    finally:
        remove(plays, server, word)


def remove(plays: Plays, server: Connection, word: str) -> None:
    """Whatever is left of what was made here, recorded or not."""
    stored = Identities(Admin(server, read_only=True))
    found = {"users": stored.of("users"), "service_accounts": stored.of("svcaccts")}
    left = {
        kind: [{"name": name, "state": "absent"} for name in names if name.startswith(f"{word}-")]
        for kind, names in found.items()
    }
    if any(left.values()):
        plays.run(plays.iam("left", word, state_file=str(plays.file("left.json", left))), changed=1)


def main() -> None:
    # where it is set, Python compiles every library of a module again for every task
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", help="a server to use instead of an own one")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the median counts (%(default)s)")
    parser.add_argument("--accounts", type=int, default=1000, help="how many (%(default)s)")
    parser.add_argument("--many", type=int, default=10_000, help="how many for the memory, 0 ends before (%(default)s)")
    parser.add_argument("--single", type=int, default=20, help="how many by a task for each (%(default)s)")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {given.rounds} rounds")
    server = given_server(given.endpoint) if given.endpoint else own_server()
    with server as connected, tempfile.TemporaryDirectory() as scratch:
        measure(connected, Path(scratch), given)


if __name__ == "__main__":
    main()
