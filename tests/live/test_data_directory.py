"""A data directory whose disk is not mounted: an empty file system in memory is mounted over it."""

from __future__ import annotations

import contextlib
import subprocess
import typing as t

import docker
import pytest


@contextlib.contextmanager
def mounted(*arguments: t.Any) -> t.Iterator[None]:
    subprocess.run(["mount", *arguments], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", arguments[-1]], check=True)


def containers() -> dict[str, str]:
    return {each.name: each.id for each in docker.from_env().containers.list() if each.name.startswith("test-")}


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
