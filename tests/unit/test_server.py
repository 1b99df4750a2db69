"""What is said about a server: real sockets of this process, real directories, and an engine's API on a real socket."""

from __future__ import annotations

import ast
import grp
import hashlib
import os
import pwd
import socket
import sys
from pathlib import Path

import pytest
from ansible_collections.repro.stack.plugins.module_utils._server import ports, preconditions
from ansible_collections.repro.stack.plugins.modules import server_check
from engine_socket import engine_at

HUGE = 2**60


@pytest.fixture
def engine(tmp_path):
    """An engine with the containers that a test puts into the returned list."""
    containers: list[dict] = []

    answers = {
        "/containers/json?all=1": containers,
        "/info": {"DockerRootDir": str(tmp_path / "images")},
        "/version": {"Version": "28.2.2"},
        "/images/json": [
            {"RepoTags": ["a:1", "a:2"], "RepoDigests": None},
            {"RepoTags": [], "RepoDigests": ["b@sha256:0"]},
        ],
        "/networks": [{"Name": "a", "Driver": "bridge", "Internal": False, "Options": {"mtu": "1"}, "Id": "0"}],
    }
    with engine_at(tmp_path / "docker.sock", answers):
        yield containers


@pytest.fixture
def say(run_module, tmp_path):
    """The sentences about the server, each without its dash."""

    def run(**options):
        try:
            answer = run_module("server_check", docker_socket=str(tmp_path / "docker.sock"), **options)
        except run_module.failed as failure:
            head, *lines = str(failure).splitlines()
            assert head == "Nothing was changed, because the server cannot carry the stack:"
            assert all(line.startswith("- ") for line in lines)
            return [line[2:] for line in lines]
        assert answer["changed"] is False
        return []

    return run


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def published(port, address="127.0.0.1"):
    return {"published": [{"container": "gateway", "address": address, "ports": [port]}]}


def container(name, *, port=None, address="127.0.0.1", image="foreign:1", labels=None, mounts=(), **more):
    ports = (
        [{"IP": address, "PrivatePort": 80, "PublicPort": port, "Type": "tcp"}]
        if port
        else [{"PrivatePort": 80, "Type": "tcp"}]
    )
    mounted = [{"Source": source} for source in mounts]
    return {"Names": [f"/{name}"], "Image": image, "Labels": labels or {}, "Ports": ports, "Mounts": mounted, **more}


def test_nothing_asked_nothing_said(say):
    assert say() == []
    assert say(check_mode=True) == []


@pytest.mark.parametrize(
    ("release", "found"),
    [
        ('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n', None),
        ('ID=ubuntu\nVERSION_ID="24.04"\n', None),
        (
            'ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\n',
            "Debian GNU/Linux 11 (bullseye)",
        ),
        ("ID=arch\n", "arch"),
        ("", "unknown"),
    ],
)
def test_distribution(say, tmp_path, release, found):
    (tmp_path / "os-release").write_text(release)
    said = say(os_release=str(tmp_path / "os-release"), distributions=["debian 12", "debian 13", "ubuntu 24.04"])
    assert said == ([f"The server runs {found}; supported are debian 12, debian 13, ubuntu 24.04"] if found else [])


def test_an_old_python(say, monkeypatch):
    monkeypatch.setattr(preconditions, "PYTHON", (99, 0))
    assert say() == [f"{sys.executable} is Python {sys.version.split()[0]}; 3.11 or newer is needed"]


def test_somebody_else_than_root(say, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert say(root=True) == ["The tasks do not run as root; set become: true, or connect as root"]
    assert say() == []


def test_too_little_memory(say):
    assert say(minimum_memory_bytes=HUGE)[0].endswith("of memory; 1073741824.0 GiB are needed")


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "real"])
def test_a_port_that_a_process_has(say, taken, check_mode):
    name = Path("/proc/self/comm").read_text().strip()
    assert say(**published(taken), check_mode=check_mode) == [
        f"Port {taken} of 127.0.0.1, wanted for the container gateway, is taken by {name} (process {os.getpid()})"
    ]


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])  # noqa: S104 - on loopback's port, for the length of a test
def test_a_port_that_is_taken_on_every_address(say, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family, dualstack_ipv6=family == socket.AF_INET6) as listener:
        (sentence,) = say(**published(listener.getsockname()[1]))
    assert sentence.endswith(f"(process {os.getpid()})")


def test_a_free_port_and_the_same_port_elsewhere(say):
    with socket.create_server(("127.0.0.2", 0)) as listener:
        port = listener.getsockname()[1]
        assert say(**published(port)) == []
    assert say(**published(port, "127.0.0.2")) == []


def test_an_address_of_another_server(say):
    assert say(**published(9000, "192.0.2.1")) == [
        "Port 9000 of 192.0.2.1, wanted for the container gateway, cannot be had: 192.0.2.1 is no address of this "
        "server"
    ]


def test_a_process_that_is_hidden(say, taken, monkeypatch, tmp_path):
    (tmp_path / "1").mkdir()
    monkeypatch.setattr(ports, "PROC", tmp_path)
    assert say(**published(taken))[0].endswith("is taken by a process that cannot be seen from here")


def test_a_port_that_another_container_publishes_without_a_listener(say, engine):
    engine.append(container("other", port=9000, address="0.0.0.0"))  # noqa: S104 - what the engine says
    engine.append(container("private"))
    assert say(**published(9000)) == [
        "Port 9000 of 127.0.0.1, wanted for the container gateway, is taken by the container other"
    ]


def test_our_own_container_may_have_its_port(say, engine, taken):
    engine.append(container("gateway", port=taken))
    assert say(**published(taken)) == []


@pytest.mark.parametrize(
    ("ours", "found"),
    [
        (False, {}),
        (True, {"labels": {"repro.stack.digest": "0"}}),
        (True, {"image": "repro-stack/minio:0"}),
        (True, {"mounts": ["/opt/minio"]}),
    ],
)
def test_a_container_of_the_same_name_that_is_somebody_elses(say, engine, ours, found):
    engine.append(container("minio", **found))
    assert say(containers=[{"name": "minio", "config_directory": "/opt/minio"}]) == (
        []
        if ours
        else [
            "The container minio (image foreign:1) is there and the stack did not make it; rename it, or give the "
            "stack's container another name"
        ]
    )


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        ({"mounts": ["/srv/postgres"]}, True),
        ({"mounts": ["/srv/postgres/data"], "State": "running"}, True),
        ({"mounts": ["/srv/postgres"], "State": "exited"}, False),
        ({"mounts": ["/srv/postgres2", "/srv", "/opt/postgres/run"]}, False),
        ({"Mounts": [{"Source": "/srv/postgres", "RW": False}]}, False),
    ],
)
def test_a_second_server_on_the_same_data(say, engine, found, refused):
    engine.append(container("old-postgres", **found))
    ours = {"name": "postgres", "config_directory": "/opt/postgres", "data_directory": "/srv/postgres"}
    assert say(containers=[ours, {"name": "mlflow", "config_directory": "/opt/mlflow"}]) == (
        [
            "The container old-postgres (image foreign:1) runs on /srv/postgres, where postgres is going to: stop it, "
            "or give it its old name again"
        ]
        if refused
        else []
    )


@pytest.mark.parametrize(
    ("users", "groups", "refused"),
    [
        ({}, {}, []),
        ({5002: "bob"}, {}, ["user bob"]),
        ({}, {5002: "staff"}, ["group staff"]),
        ({5002: "bob"}, {5002: "bob"}, ["user bob", "group bob"]),
        ({5002: "minio"}, {5002: "minio"}, []),
        ({999: "systemd-coredump"}, {999: "docker"}, []),
    ],
)
def test_somebody_who_has_the_number_of_a_service(say, monkeypatch, users, groups, refused):
    monkeypatch.setattr(pwd, "getpwuid", lambda number: (users[number],))
    monkeypatch.setattr(grp, "getgrgid", lambda number: (groups[number],))
    ours = {"name": "minio", "config_directory": "/opt/minio", "owner": 5002}
    theirs = {"name": "postgres", "config_directory": "/opt/postgres", "owner": 999}
    assert say(containers=[ours, theirs, {"name": "gateway", "config_directory": "/opt/gateway"}]) == [
        f"The {each} has the number 5002, and could read the secrets and data of the container minio: give the "
        f"{each.split()[0]} another number, or, where a directory service names it, leave it out on this server"
        for each in refused
    ]


def test_data_that_are_lost_or_not_mounted(say, tmp_path):
    config, data = tmp_path / "opt", tmp_path / "srv"
    ours = {"name": "minio", "config_directory": str(config), "first_written": str(data / ".minio.sys")}
    config.mkdir()
    assert say(containers=[ours]) == [], "a first run, or one that ended before the container answered"
    (config / ".container").touch()
    sentence = (
        f"{data}/.minio.sys is missing, and the container minio has run with data already: mount their disk or restore "
        f"them; to begin without them, remove {config}/.container"
    )
    assert say(containers=[ours]) == [sentence]
    data.mkdir()
    assert say(containers=[ours]) == [sentence], "a mount point without its disk"
    (data / ".minio.sys").mkdir()
    assert say(containers=[ours]) == []


def test_too_little_disk_is_added_up_per_file_system(say, tmp_path):
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    paths = [str(tmp_path / name / "deeper") for name in ("a", "b")]
    share = free * 2 // 3
    assert say(disk=[{"path": paths[0], "minimum_bytes": share}]) == []
    (sentence,) = say(disk=[{"path": path, "minimum_bytes": share} for path in paths])
    assert sentence.startswith(f"The file system of {paths[0]}, {paths[1]} has ")
    assert sentence.endswith(f"{2 * share / 2**30:.1f} GiB are needed")


def test_room_for_images_where_the_engine_keeps_them_until_they_are_there(say, engine, tmp_path):
    need = {"minimum_bytes": HUGE, "until": str(tmp_path / "there")}
    assert say(disk=[need])[0].startswith(f"The file system of {tmp_path}/images has ")
    (tmp_path / "there").mkdir()
    assert say(disk=[need]) == []


def test_too_few_inodes(say, tmp_path, monkeypatch):
    monkeypatch.setattr(preconditions, "INODES", HUGE)
    if os.statvfs(tmp_path).f_files == 0:
        pytest.skip("this file system does not count them")
    assert "has room for only" in say(disk=[{"path": str(tmp_path), "minimum_bytes": 1}])[0]


@pytest.mark.parametrize("inside", ["", "data"])
def test_data_of_another_postgres(say, tmp_path, inside):
    directory = tmp_path / "postgres" / inside
    directory.mkdir(parents=True)
    asked = {"postgres": {"data_directory": str(tmp_path / "postgres"), "major": 17}}
    assert say(**asked) == []
    (directory / "PG_VERSION").write_text("17\n")
    assert say(**asked) == []
    (directory / "PG_VERSION").write_text("15\n")
    assert say(**asked) == [
        f"{directory} holds the data of PostgreSQL 15, and 17 would run: dump the databases with the old version and "
        "load them into an empty directory"
    ]


def test_another_minio_root_user(say, tmp_path):
    recorded = tmp_path / "root_user.sha256"

    def declared(name):
        digest = hashlib.sha256(name.encode()).hexdigest()
        files = {"recorded": str(recorded), "given": str(tmp_path / "root_user"), "data_directory": str(tmp_path)}
        return {"minio_root_user": {**files, "sha256": digest}}

    assert say(**declared("old")) == []
    recorded.write_text(hashlib.sha256(b"old").hexdigest())
    assert say(**declared("new")) == [], "nothing was stored yet"
    (tmp_path / ".minio.sys").mkdir()
    assert say(**declared("old")) == []
    (sentence,) = say(**declared("new"))
    assert sentence == (
        f"minio_root_user is not the one that the data in {tmp_path} were made with (see {recorded}): "
        "the accounts of that user would be lost; declare the old name again"
    )
    (tmp_path / "root_user").write_text("new")
    assert say(**declared("new")) == [], "the server was started with it, so the record was edited"
    assert say(**declared("old")) == []
    assert say(**declared("other")) == [sentence]


def test_everything_is_said_at_once(say, taken, tmp_path):
    (tmp_path / "PG_VERSION").write_text("15")
    said = say(
        **published(taken),
        distributions=["plan9 4"],
        disk=[{"path": str(tmp_path), "minimum_bytes": HUGE}],
        postgres={"data_directory": str(tmp_path), "major": 17},
    )
    assert [sentence.split()[0] for sentence in said] == ["The", "Port", "The", str(tmp_path)]


def test_a_blank_server_has_all_that_the_module_imports():
    inside = Path(preconditions.__file__).parent
    files = [
        Path(server_check.__file__),
        *(inside / name for name in ("preconditions.py", "ports.py", "engine.py", "container_record.py")),
    ]
    found = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    names = {alias.name for node in found if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in found if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == {"ansible", "ansible_collections"}


def test_where_no_engine_answers(run_module, tmp_path):
    found = run_module("server_check", docker_socket=str(tmp_path / "docker.sock"))
    assert (found["engine"], found["images"], found["networks"]) == (False, [], {})


def test_an_engine_that_answers(run_module, engine, tmp_path):
    found = run_module("server_check", docker_socket=str(tmp_path / "docker.sock"))
    assert (found["engine"], found["images"]) == (True, ["a:1", "a:2", "b@sha256:0"])
    assert found["networks"] == {"a": {"driver": "bridge", "internal": False, "driver_options": {"mtu": "1"}}}


def test_it_says_which_paths_are_there(run_module, tmp_path):
    (tmp_path / ".complete-1").touch()
    asked = [f"{tmp_path}/missing", str(tmp_path), f"{tmp_path}/.complete-*"]
    assert run_module("server_check", paths=asked)["paths"] == [str(tmp_path), f"{tmp_path}/.complete-1"]


def test_it_says_what_is_as_it_was_sealed(run_module, tmp_path):
    """A life of a folder, and what is done to it by hand."""
    (tmp_path / "venv" / "lib").mkdir(parents=True)
    (tmp_path / "venv" / "lib" / "a.py").write_text("a = 1\n")
    path = str(tmp_path / "venv" / ".complete")

    def intact():
        return run_module("server_check", seals=[f"{tmp_path}/venv/.comp*"])["intact"]

    assert intact() == []
    assert run_module("folder_seal", path=path, check_mode=True)["changed"] and intact() == []
    assert run_module("folder_seal", path=path)["changed"] and intact() == [path]
    assert not run_module("folder_seal", path=path)["changed"]
    (tmp_path / "venv" / "lib" / "__pycache__").mkdir()
    (tmp_path / "venv" / "lib" / "__pycache__" / "a.pyc").write_text("")
    assert intact() == [path]
    a, b = (tmp_path / "venv" / "lib" / name for name in ("a.py", "b.py"))
    for change, arguments in (
        (a.write_text, ["a = 2\n"]),
        (b.touch, []),
        (a.unlink, []),
        (a.symlink_to, ["b.py"]),
        (b.chmod, [0o666]),
        (b.parent.chmod, [0o777]),
        (Path(path).parent.chmod, [0o777]),
        (os.chown, [b, 1, 0]),
        (os.chown, [b.parent, 0, 1]),
        (Path(path).write_text, [""]),
    ):
        change(*arguments)
        assert intact() == []
        assert run_module("folder_seal", path=path)["changed"] and intact() == [path]


def test_it_says_whether_git_is_installed(run_module, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_module("server_check")["git"] is False
    (tmp_path / "git").touch(mode=0o755)
    assert run_module("server_check")["git"] is True
