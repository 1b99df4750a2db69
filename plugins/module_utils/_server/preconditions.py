# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Everything about a server that would make a run fail or lose data, found by reading alone."""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import sys
import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._server.container_record import RECORD
from ansible_collections.repro.stack.plugins.module_utils._server.engine import Engine
from ansible_collections.repro.stack.plugins.module_utils._server.ports import port_problem

Options = t.Mapping[str, t.Any]
PYTHON = (3, 11)
# MinIO writes nothing to a file system with fewer.
INODES = 1000
# What tells our containers from others, also where one was made again by hand.
LABELS = "repro.stack."
IMAGES = "repro-stack/"
MINIO_FORMAT = ".minio.sys"
# Numbers below belong to programs, also on the server: the official image of PostgreSQL has 999.
PEOPLE = 1000


def server_problems(options: Options) -> list[str]:
    """One sentence for each problem, in the order in which they should be solved."""
    engine = Engine(options["docker_socket"])
    problems = [*_system(options)]
    for each in options["published"]:
        found = [port_problem(engine, each["address"], port, each["container"]) for port in each["ports"]]
        problems += [problem for problem in found if problem]
    problems += [*_foreign_containers(engine, options["containers"]), *_second_servers(engine, options["containers"])]
    problems += [
        *_known_owners(options["containers"]),
        *_lost_data(options["containers"]),
        *_disk(engine, options["disk"]),
    ]
    for check, name in ((_postgres, "postgres"), (_minio_root_user, "minio_root_user")):
        if options[name]:
            problems += check(**options[name])
    return problems


def _system(options: Options) -> t.Iterator[str]:
    release = _os_release(options["os_release"])
    found = f"{release.get('ID', 'unknown')} {release.get('VERSION_ID', '')}".strip()
    supported = options["distributions"]
    if supported and found not in supported:
        yield f"The server runs {release.get('PRETTY_NAME', found)}; supported are {', '.join(supported)}"
    if sys.version_info < PYTHON:
        yield f"{sys.executable} is Python {sys.version.split()[0]}; 3.11 or newer is needed"
    if options["root"] and os.geteuid() != 0:
        yield "The tasks do not run as root; set become: true, or connect as root"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if memory < options["minimum_memory_bytes"]:
        yield f"The server has {_size(memory)} of memory; {_size(options['minimum_memory_bytes'])} are needed"


def _os_release(path: str) -> dict[str, str]:
    try:
        lines = Path(path).read_text().splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {key: value.strip("\"'") for key, equals, value in pairs if equals}


def _foreign_containers(engine: Engine, wanted: t.Sequence[Options]) -> t.Iterator[str]:
    """A container of the same name that has nothing of ours is somebody else's, and would be replaced."""
    expected = {each["name"]: each["config_directory"] for each in wanted}
    for found in engine.containers():
        if found.name not in expected or found.image.startswith(IMAGES) or expected[found.name] in found.mounted:
            continue
        if not any(label.startswith(LABELS) for label in found.labels):
            yield (
                f"The container {found.name} (image {found.image}) is there and the stack did not make it; "
                "rename it, or give the stack's container another name"
            )


def _second_servers(engine: Engine, wanted: t.Sequence[Options]) -> t.Iterator[str]:
    """Two servers on the same data destroy them, and neither sees the other from its container."""
    names = {each["name"] for each in wanted}
    others = [found for found in engine.containers() if found.running and found.name not in names]
    for each in wanted:
        name, data = each["name"], each["data_directory"]
        for found in others if data else ():
            if any(path == data or path.startswith(f"{data}/") for path in found.writes_to):
                yield (
                    f"The container {found.name} (image {found.image}) runs on {data}, where {name} is going to: "
                    "stop it, or give it its old name again"
                )


def _known_owners(wanted: t.Sequence[Options]) -> t.Iterator[str]:
    """Whoever has the number of a service can read what belongs to it, and directory services give such to people."""
    for each in wanted:
        if (number := each["owner"] or 0) < PEOPLE:
            continue
        for kind, look_up in (("user", pwd.getpwuid), ("group", grp.getgrgid)):
            try:
                found = look_up(number)[0]
            except KeyError:
                continue
            if found != each["name"]:
                yield (
                    f"The {kind} {found} has the number {number}, and could read the secrets and data of the container "
                    f"{each['name']}: give the {kind} another number, or, where a directory service names it, leave it "
                    "out on this server"
                )


def _lost_data(wanted: t.Sequence[Options]) -> t.Iterator[str]:
    """A service that finds no data begins anew; what it writes vanishes under the disk that is mounted later."""
    for each in wanted:
        first, record = each["first_written"], Path(each["config_directory"]) / RECORD
        if first and record.exists() and not Path(first).exists():
            yield (
                f"{first} is missing, and the container {each['name']} has run with data already: mount their disk or "
                f"restore them; to begin without them, remove {record}"
            )


def _disk(engine: Engine, wanted: t.Sequence[Options]) -> t.Iterator[str]:
    """What several paths need of one file system is added up."""
    needs: dict[int, list[tuple[str, int]]] = {}
    for each in wanted:
        if each["until"] and Path(each["until"]).exists():
            continue
        path = each["path"] or engine.directory()
        needs.setdefault(_existing(path).stat().st_dev, []).append((path, each["minimum_bytes"]))
    for together in needs.values():
        paths = ", ".join(path for path, _bytes in together)
        needed = sum(size for _path, size in together)
        state = os.statvfs(_existing(together[0][0]))
        free = state.f_bavail * state.f_frsize
        if free < needed:
            yield f"The file system of {paths} has {_size(free)} free; {_size(needed)} are needed"
        if state.f_files > 0 and state.f_favail < INODES:
            yield f"The file system of {paths} has room for only {state.f_favail} more files; {INODES} are needed"


def _existing(path: str) -> Path:
    return next(each for each in (Path(path), *Path(path).parents) if each.exists())


def _postgres(data_directory: str, major: int) -> t.Iterator[str]:
    """The role keeps the cluster in `data`; a cluster made by other means may lie in the directory itself."""
    for file in (Path(data_directory) / "PG_VERSION", Path(data_directory) / "data" / "PG_VERSION"):
        if file.is_file() and (found := file.read_text().strip()) != str(major):
            yield (
                f"{file.parent} holds the data of PostgreSQL {found}, and {major} would run: "
                "dump the databases with the old version and load them into an empty directory"
            )


def _minio_root_user(recorded: str, given: str, data_directory: str, sha256: str) -> t.Iterator[str]:
    """Service accounts of root are bound to its name. Neither of the two names is shown."""
    file = Path(recorded)
    if not file.is_file() or not (Path(data_directory) / MINIO_FORMAT).exists():
        return
    # the container was started with the name itself: where that is right, somebody edited the record
    started_with = Path(given).read_bytes() if Path(given).is_file() else b""
    if sha256 not in (file.read_text().strip(), hashlib.sha256(started_with).hexdigest()):
        yield (
            f"minio_root_user is not the one that the data in {data_directory} were made with (see {file}): "
            "the accounts of that user would be lost; declare the old name again"
        )


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
