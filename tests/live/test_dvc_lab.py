"""examples/dvc-lab as its README says: all commands in one shell, and below each what it must say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "examples" / "dvc-lab"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "-- end of a command, and what it ended with:"


def written() -> list[tuple[str, list[str]]]:
    """Each command of the README with the lines below it."""
    steps: list[tuple[str, list[str]]] = []
    for line in "".join(BLOCK.findall((LAB / "README.md").read_text())).splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    return steps


def in_order(lines: list[str], output: str) -> bool:
    """Whether the output says all this in this order, whatever stands around and between."""
    place = 0
    for line in lines:
        place = output.find(line, place) + len(line)
        if place < len(line):
            return False
    return True


@pytest.fixture
def key_file(minio: t.Any, tmp_path: Path) -> Path:
    """A key file as the role projects writes them, for an empty project."""
    names = {"aws_access_key_id": minio.access_key, "aws_secret_access_key": minio.secret_key}
    bucket = (
        boto3.session.Session(region_name="us-east-1", **names)
        .resource("s3", endpoint_url=minio.endpoint)
        .Bucket("dvc")
    )
    bucket.objects.filter(Prefix="dvc-lab/").delete()
    file = tmp_path / "alice"
    file.touch(mode=0o600)
    names |= {"endpoint_url": minio.endpoint, "region": "us-east-1"}
    file.write_text("[default]\n" + "".join(f"{name} = {value}\n" for name, value in names.items()))
    yield file
    bucket.objects.filter(Prefix="dvc-lab/").delete()


def test_readme(key_file: Path, tmp_path: Path) -> None:
    lab = tmp_path / "dvc-lab"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=LAB,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, tracked.stdout.split("\0")):
        (lab / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(LAB / name, lab / name)
    steps = written()
    person = {f"GIT_{who}_{what}": "alice@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "GIT_", "DVC_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        ["bash"],
        input="".join(f'{command}\nprintf "\\n%s %s\\n" "{MARK}" "$?"\n' for command, _start in steps),
        cwd=lab,
        env={
            **kept,
            **person,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "UV_SYSTEM_CERTS": "true",
            "DVC_GLOBAL_CONFIG_DIR": str(tmp_path / "config"),
            "DVC_SITE_CACHE_DIR": str(tmp_path / "site"),
            "AWS_SHARED_CREDENTIALS_FILE": str(key_file),
            # as a terminal wide enough shows it
            "COLUMNS": "200",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    ends = re.findall(rf"(.*?){MARK} (\d+)\n", done.stdout, re.DOTALL)
    assert len(ends) == len(steps) > 20
    for (command, lines), (output, status) in zip(steps, ends, strict=True):
        assert status == "0", f"{command} ended with {status}:\n{output}"
        assert in_order(lines, output), f"{command} does not say {lines}:\n{output}"
