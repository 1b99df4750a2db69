"""A data directory whose disk is not mounted, or is another one: file systems in memory are mounted over it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import typing as t
from pathlib import Path

import docker
import pytest


@contextlib.contextmanager
def mounted(*arguments: t.Any) -> t.Iterator[None]:
    subprocess.run(["mount", *arguments], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", arguments[-1]], check=True)


@contextlib.contextmanager
def disk(data: Path, place: Path) -> t.Iterator[None]:
    """A disk with a copy of the data, mounted where they are."""
    place.mkdir()
    owned = "uid=5002,gid=5002,mode=0750"
    with mounted("-t", "tmpfs", "-o", owned, "none", place):
        subprocess.run(["cp", "--archive", f"{data}/.", place], check=True)
        with mounted("--bind", place, data):
            yield


def containers() -> dict[str, str]:
    return {each.name: each.id for each in docker.from_env().containers.list() if each.name.startswith("test-")}


def changed(stack) -> set[str]:
    ran = json.loads(stack.playbook("site.yml", callback="ansible.posix.json").stdout)
    results = [(task["task"]["name"], task["hosts"].values()) for play in ran["plays"] for task in play["tasks"]]
    return {name for name, hosts in results if any(host.get("changed") for host in hosts)}


@pytest.mark.parametrize(("name", "first"), [("minio", ".minio.sys"), ("postgres", "data/PG_VERSION")])
def test_a_mount_point_without_its_disk_is_refused_and_left_alone(stack, name, first):
    data = stack.root / "srv" / name
    before = containers()
    with mounted("-t", "tmpfs", "none", data):
        refused = stack.playbook("site.yml", check=False)
        assert (data.stat().st_uid, list(data.iterdir())) == (0, [])
    assert refused.returncode != 0 and "Nothing was changed" in refused.stdout
    assert f"{data}/{first} is missing, and the container test-{name} has run" in refused.stdout
    assert containers() == before


def test_data_on_another_disk_are_what_the_container_goes_on_with(stack, tmp_path):
    data = stack.root / "srv" / "minio"
    run_minio = {"repro.stack.service_container : Run test-minio"}
    with disk(data, tmp_path / "old"):
        assert changed(stack) == run_minio
        with disk(data, tmp_path / "new"):
            # as the roots of any two ext4 have
            assert (tmp_path / "old").stat().st_ino == (tmp_path / "new").stat().st_ino
            assert changed(stack) == run_minio
            assert changed(stack) == set()
    assert changed(stack) == run_minio
