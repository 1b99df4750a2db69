"""docs/dev-and-prod-remotes.md and docs/bisecting-a-data-regression.md, command by command, as they are written."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from dvc.repo import Repo

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
PART = re.compile(
    r"(?:^`(?P<file>[\w.]+)`:\n\n|(?<=`)(?P<inline>[\w.]+)`:\n\n)?^```(?P<kind>bash|yaml)\n(?P<text>.*?)^```",
    re.M | re.S,
)


@dataclasses.dataclass
class Reader:
    """Somebody who does what a page says, in a folder of theirs, with the key files that they were given."""

    project: t.Any
    home: Path
    folder: Path

    def __post_init__(self) -> None:
        keys = self.home / ".keys"
        keys.mkdir(parents=True)
        given = {
            "alice": f"alice-{self.project.name}",
            "churn-ci": f"{self.project.name}-ci",
            "churn-promotion": f"{self.project.name}-promotion",
        }
        for name, key in given.items():
            shutil.copy(self.project.key(key), keys / name)

    def parts(self, page: str) -> t.Iterator[str]:
        """Writes the page's files, and hands out its commands, block by block."""
        for part in PART.finditer((ROOT / "docs" / page).read_text()):
            file = part["file"] or part["inline"]
            if part["kind"] == "bash":
                yield part["text"]
            else:
                assert file, f"{page} does not say what the file is called:\n{part['text']}"
                (self.folder / file).write_text(f"---\n{part['text']}")

    def run(self, script: str, *, fails: bool = False) -> str:
        settings = {
            **os.environ,
            **self.project.settings,
            "HOME": str(self.home),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_INVENTORY": "localhost,",
            "ANSIBLE_NOCOLOR": "1",
        }
        ran = subprocess.run(
            ["bash", "-e", "-u", "-c", script],
            check=False,
            cwd=self.folder,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if bool(ran.returncode) is not fails:
            pytest.fail(f"{script}\nended with {ran.returncode}\n{ran.stdout}")
        return ran.stdout

    def use_key(self, name: str) -> None:
        """What `make key` of a project does."""
        key = self.home / ".keys" / name
        remotes = (f"['remote \"{remote}\"']\n    credentialpath = {key}\n" for remote in ("dev", "prod"))
        (self.folder / ".dvc" / "config.local").write_text("".join(remotes))


def test_dev_and_prod_remotes(project: t.Any, pushed: t.Any, tmp_path: Path) -> None:
    reader = Reader(project, tmp_path / "home", tmp_path / "churn")
    project.run("git", "clone", "-q", str(project.repository), str(reader.folder))
    reader.use_key("alice")
    project.run("dvc", "pull", "-q", at=reader.folder)
    objects = project.stored()
    said = []
    for block in reader.parts("dev-and-prod-remotes.md"):
        if "repair.yml" in block:
            damaged = next(name for name in sorted(objects) if not name.endswith(".dir"))
            project.put(damaged, b"damaged by hand")
        if "unneeded.yml" in block:
            project.put("0" * 32, b"needed by nobody")
        said.append(reader.run(block))
    _push, promote, _take, look, repair, unneeded = said
    assert re.findall(r"changed=(\d)", promote) == ["1", "1"] and "data/images/3.png" in promote
    released = tmp_path / "release" / "data" / "raw.csv"
    assert released.read_bytes() == (reader.folder / "data" / "raw.csv").read_bytes()
    assert released.stat().st_nlink == 2 and not released.stat().st_mode & 0o222
    assert len(project.stored("prod")) == 6 and "failed=0" in look
    assert "changed=1" in repair and project.stored() == {**objects, "0" * 32: b"needed by nobody"}
    assert "0" * 32 in unneeded and "objects: 1" in unneeded

    project.remove(next(iter(project.stored("prod"))), "prod")
    assert "failed=1" in reader.run("ansible-playbook look.yml -e release=v1.0.0", fails=True)


EVALUATE = """\
import json
import pathlib

rows = [line.split(",") for line in pathlib.Path("data/raw/customers.csv").read_text().splitlines()[1:]]
right = sum((int(months) < 12) == (left == "1") for months, left in rows)
pathlib.Path("metrics").mkdir(exist_ok=True)
pathlib.Path("metrics/evaluation.json").write_text(json.dumps({"accuracy": right / len(rows)}))
"""
PIPELINE = """\
stages:
  evaluate:
    cmd: python3 evaluate.py
    deps: [evaluate.py, data/raw/customers.csv]
    metrics:
    - metrics/evaluation.json: {cache: false}
"""


def test_bisecting_a_data_regression(project: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(project, tmp_path / "home", tmp_path / "churn")
    project.begin(reader.folder)
    monkeypatch.chdir(reader.folder)
    reader.use_key("alice")
    raw = reader.folder / "data" / "raw" / "customers.csv"
    raw.parent.mkdir(parents=True)
    (reader.folder / "dvc.yaml").write_text(PIPELINE)
    rows = [f"{months},{int(months < 12)}" for months in range(24)]
    wrong = [f"{months},{1 - int(months < 12)}" for months in range(10)]
    history = {
        "The first": (rows, ""),
        "Tidy up": ([*rows, "30,0"], "# a remark\n"),
        "Data of the new shop": ([*rows, "30,0", *wrong], "# a remark\n"),
        "Still more data": ([*rows, "30,0", *wrong, "31,0"], "# a remark\n"),
    }
    for message, (content, remark) in history.items():
        raw.write_text("\n".join(["months,left", *content, ""]))
        (reader.folder / "evaluate.py").write_text(remark + EVALUATE)
        with Repo(str(reader.folder)) as repository:  # as the commands do, which take two seconds each to begin
            repository.add([str(raw)])
            repository.reproduce()
        project.run("git", "add", "-A", at=reader.folder)
        project.run("git", "commit", "-q", "-m", message, at=reader.folder)
        if message == "The first":
            project.run("git", "tag", "v1", at=reader.folder)
    project.run("dvc", "push", "-q", "--all-commits", at=reader.folder)
    shutil.rmtree(reader.folder / ".dvc" / "cache")
    project.run("dvc", "pull", "-q", at=reader.folder)

    differs, look, found, what, tried, diff = [
        reader.run(block) for block in reader.parts("bisecting-a-data-regression.md")
    ]
    assert "metrics/evaluation.json" in differs and "evaluate.py" in differs
    assert "failed=0" in look
    assert "is the first bad commit" in found
    assert project.run("git", "log", "-1", "--format=%s", "suspect", at=reader.folder).strip() == "Data of the new shop"
    assert "data/raw/customers.csv" in what
    assert re.search(r"metrics/evaluation.json\s+accuracy\s+0\.\d+\s+1", tried), tried
    assert diff.splitlines()[1:] == [f"> {row}" for row in wrong[:9]]
