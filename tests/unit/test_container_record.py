"""A container is taken for the same only where nothing that anybody decided about it is another than it was."""

from __future__ import annotations

import copy
import os
import typing as t
from pathlib import Path

import pytest
from engine_socket import engine_at

CONTAINER = {
    "Id": "c0",
    "Image": "sha256:1",
    "Path": "nginx",
    "Args": ["-g", "daemon off;"],
    "State": {"Status": "running", "Pid": 7, "Health": {"Status": "healthy", "Log": [1]}},
    "RestartCount": 0,
    "ExecIDs": None,
    "Config": {"Env": ["A=1"], "Labels": {}, "Healthcheck": {"Interval": 5_000_000_000}},
    "HostConfig": {"Memory": 1, "MemorySwap": 1, "CapAdd": None, "RestartPolicy": {"Name": "unless-stopped"}},
    "Mounts": [
        {"Type": "bind", "Destination": "/a", "Source": "/srv/a"},
        {"Type": "bind", "Destination": "/b", "Source": "/srv/b"},
    ],
    "NetworkSettings": {
        "SandboxID": "s0",
        "Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "9000"}]},
        "Networks": {"repro": {"NetworkID": "n0", "Aliases": ["gateway"], "IPAddress": "172.18.0.2"}},
    },
}


def at(state: t.Any, *path: t.Any, value: t.Any) -> None:
    for step in path[:-1]:
        state = state[step]
    state[path[-1]] = value


class Container:
    """One service's files and container; ``found`` is what the engine tells, and a test changes it."""

    def __init__(self, run_module: t.Any, folder: t.Any, answers: dict[str, t.Any]) -> None:
        self._run, self._folder, self._answers = run_module, folder, answers
        self._answers["/images/repro-stack/gateway%3A1/json"] = {"Id": "sha256:1"}
        self._answers["/version"] = {"Version": "28.2.2"}
        self.found = self._answers["/containers/gateway/json"] = copy.deepcopy(CONTAINER)
        self.found["Config"]["Labels"]["repro.stack.digest"] = self._files()["digest"]

    def condition(self, declared: str = "as declared", **more: t.Any) -> str:
        container = {"name": "gateway", "image": "repro-stack/gateway:1", "declared": declared}
        return self._files(container=container, **more)["container_condition"]

    def settled(self, **more: t.Any) -> bool:
        return self.condition(**more) == "settled"

    def note(self, check_mode: bool = False) -> bool:
        declared = {"name": "gateway", "declared": "as declared"}
        noted = self._run("container_record", check_mode=check_mode, **self._where(), **declared)
        return noted["noted"]

    def engine_version(self) -> str:
        return self._files()["engine_version"]

    def retag(self) -> None:
        self._answers["/images/repro-stack/gateway%3A1/json"] = {"Id": "sha256:2"}

    def another_engine(self) -> None:
        self._answers["/version"] = {"Version": "29.0.0"}

    def remove(self) -> None:
        del self._answers["/containers/gateway/json"]

    def _where(self) -> dict[str, str]:
        return {"path": str(self._folder / "gateway"), "docker_socket": str(self._folder / "docker.sock")}

    def _files(self, content: str = "a", **more: t.Any) -> dict[str, t.Any]:
        files = [{"name": "nginx.conf", "content": content}]
        return self._run(
            "config_directory", **self._where(), key_file=str(self._folder / "key"), owner=0, files=files, **more
        )


@pytest.fixture
def container(run_module, tmp_path) -> t.Iterator[Container]:
    answers: dict[str, t.Any] = {}
    with engine_at(tmp_path / "docker.sock", answers):
        yield Container(run_module, tmp_path, answers)


def test_the_engine_says_its_version(container):
    assert container.engine_version() == "28.2.2"


def test_a_container_is_settled_once_it_was_noted(container):
    assert not container.settled()
    container.note(check_mode=True)
    assert not container.settled()
    container.note()
    assert container.settled() and container.settled(check_mode=True)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("State", "Pid"), 8),
        (("State", "Health", "Log"), []),
        (("RestartCount",), 1),
        (("ExecIDs",), ["a health check"]),
        (("NetworkSettings", "SandboxID"), "s1"),
        (("NetworkSettings", "Networks", "repro", "IPAddress"), "172.18.0.3"),
        (("Mounts",), CONTAINER["Mounts"][::-1]),
    ],
)
def test_what_changes_by_itself_is_not_looked_at(container, path, value):
    container.note()
    at(container.found, *path, value=value)
    assert container.settled()


OTHER = [
    (("Id",), "c1"),
    (("Image",), "sha256:2"),
    (("Config", "Labels", "repro.stack.digest"), "0"),
    (("NetworkSettings", "Ports", "80/tcp"), None),
    (("NetworkSettings", "Networks", "repro", "NetworkID"), "n1"),
    (("NetworkSettings", "Networks", "repro", "Aliases"), []),
    (("NetworkSettings", "Networks", "bridge"), {"NetworkID": "n2"}),
    (("State", "Status"), "paused"),
    (("State", "Status"), "exited"),
    (("State", "Health", "Status"), "starting"),
    (("State", "Health"), None),
]
ALTERED = [
    (("Path",), "sh"),
    (("Args",), []),
    (("Config", "Env"), ["A=2"]),
    (("Config", "Labels", "another"), "0"),
    (("HostConfig", "CapAdd"), ["NET_ADMIN"]),
    (("HostConfig", "CgroupnsMode"), "host"),
    (("HostConfig", "CpuQuota"), 1000),
    (("HostConfig", "MaskedPaths"), []),
    (("Mounts", 0, "Source"), "/srv/c"),
]


@pytest.mark.parametrize(("path", "value"), OTHER)
def test_what_a_comparison_finds_asks_for_one(container, path, value):
    container.note()
    at(container.found, *path, value=value)
    assert container.condition() == "other"


@pytest.mark.parametrize(("path", "value"), ALTERED)
def test_what_a_comparison_may_not_find_asks_for_a_new_container(container, path, value):
    container.note()
    at(container.found, *path, value=value)
    assert container.condition() == "altered"
    assert container.condition(declared="as declared now") == "other"
    container.another_engine()
    assert container.condition() == "other", "it may only tell more than the old one did"


@pytest.mark.parametrize(
    ("path", "value"), [(("HostConfig", "Memory"), 2), (("HostConfig", "RestartPolicy", "Name"), "no")]
)
def test_what_can_be_updated_is_told_from_what_cannot(container, path, value):
    container.note()
    at(container.found, *path, value=value)
    assert container.condition() == "limited"
    at(container.found, "HostConfig", "CpuQuota", value=1000)
    assert container.condition() == "altered"


@pytest.mark.parametrize("text", ["", "[]", "{}", "0", '{"declared": "as declared"}'])
def test_a_note_that_nobody_can_read_is_none(container, tmp_path, text):
    container.note()
    (tmp_path / "gateway" / ".container").write_text(text)
    assert container.condition() == "other"


def test_another_declaration_asks_for_a_comparison(container):
    container.note()
    assert not container.settled(declared="as declared now")
    assert not container.settled(content="b", check_mode=True)
    assert container.settled()
    assert not container.settled(content="b")
    assert not container.settled(), "the file is as it was, but the container may have read the other one"


@pytest.fixture
def mounts(container) -> t.Callable[[t.Any, t.Any], None]:
    """mounts(held, source): this process is the container, and sees ``held`` where it mounted ``source``."""

    def mount(held: t.Any, source: t.Any) -> None:
        at(container.found, "State", "Pid", value=os.getpid())
        container.found["Mounts"] = [{"Type": "bind", "Destination": str(held), "Source": str(source)}]
        container.note()

    return mount


def test_a_directory_that_was_removed_and_made_anew_asks_for_a_new_container(container, mounts, tmp_path):
    (tmp_path / "held").mkdir()
    (tmp_path / "data").symlink_to("held")
    mounts(tmp_path / "held", tmp_path / "data")
    assert container.settled()
    (tmp_path / "data").unlink()
    assert container.condition(check_mode=True) == "altered"
    (tmp_path / "data").mkdir()
    assert container.condition() == container.condition(declared="as declared now") == "altered"
    at(container.found, "State", "Pid", value=0)
    assert container.settled(), "one that does not run finds the new one when it starts"


def test_a_directory_on_another_disk_asks_for_a_new_container(container, mounts):
    assert Path("/proc").stat().st_ino == Path("/sys").stat().st_ino
    mounts("/proc", "/sys")
    assert container.condition() == "altered"


def test_another_image_of_that_name_asks_for_a_comparison(container):
    container.note()
    container.retag()
    assert not container.settled()


def test_a_container_that_is_gone_asks_for_a_comparison(container):
    container.note()
    container.remove()
    assert not container.settled()
    assert not container.note()


@pytest.mark.parametrize(
    ("status", "health", "streak", "told"),
    [
        ("running", "unhealthy", 12, "stuck"),
        ("running", "unhealthy", 11, "other"),
        ("running", "starting", 12, "other"),
        ("exited", "unhealthy", 12, "other"),
    ],
)
def test_a_container_is_stuck_that_gave_no_good_answer_for_a_minute(container, status, health, streak, told):
    container.note()
    health = {"Status": health, "FailingStreak": streak}
    container.found["State"] = {"Status": status, "Pid": 0, "Health": health}
    assert container.condition() == told
