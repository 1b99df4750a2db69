"""What the hooks refuse, and what the doctor finds."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from workplace import KEYS, SLUG, Project


@pytest.fixture
def staged(project: Project):
    """A way to try a commit of one file, which leaves no trace."""
    before = project.git("rev-parse", "HEAD")

    def commit(name: str, content: bytes | str) -> tuple[bool, str]:
        file = project.path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        project.git("add", "--force", name)
        done = project.run("git", "commit", "--message", f"Add {name}", check=False)
        return done.returncode == 0, done.stdout

    yield commit
    project.git("reset", "--quiet", "--hard", before)


def test_large_file_is_refused(staged):
    done, said = staged("big.bin", os.urandom(513 * 1024))
    assert not done and "big.bin (513 KB) exceeds 512 KB" in said


def test_key_is_refused(staged):
    done, said = staged("notes.ini", (KEYS / "alice").read_text())
    assert not done and "Potential secrets" in said and "notes.ini" in said


def test_private_key_is_refused(staged):
    begin = "-----BEGIN RSA " + "PRIVATE KEY-----"
    done, said = staged("server.txt", f"{begin}\nx\n")
    assert not done and "server.txt" in said


def test_yaml_that_cannot_be_read_is_refused(staged):
    done, said = staged("broken.yaml", "a: [1, 2\n")
    assert not done and "broken.yaml" in said


def test_python_is_linted(staged):
    done, said = staged("tool.py", "x = undefined\n")
    assert not done and "F821" in said


def test_python_is_formatted(staged, project):
    done, _said = staged("other.py", "x   =  1\n")
    assert not done and (project.path / "other.py").read_text() == "x = 1\n"


def test_notebook_goes_in_without_outputs(staged, project):
    output = {"output_type": "stream", "name": "stdout", "text": ["a customer's name\n"]}
    cell = {"cell_type": "code", "execution_count": 3, "id": "a", "metadata": {}, "outputs": [output], "source": ["1"]}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    done, _said = staged("look.ipynb", json.dumps(notebook))
    assert not done
    project.git("add", "look.ipynb")
    project.git("commit", "--quiet", "--message", "Look")
    assert "customer" not in project.git("show", "HEAD:look.ipynb")


@pytest.fixture
def patient(project: Project, tmp_path: Path) -> Project:
    """A copy that may be made ill."""
    shutil.copytree(project.path, tmp_path / SLUG, symlinks=True, ignore=shutil.ignore_patterns(".venv", "cache"))
    copy = Project(tmp_path / SLUG, project.environment)
    copy.run("uv", "sync", "--frozen", "--quiet")
    return copy


def doctor(project: Project, **env: str) -> tuple[int, dict[str, tuple[str, str]]]:
    done = project.run(".venv/bin/python", "-m", f"{SLUG}.doctor", check=False, **env)
    rows = {line[:13].strip(): (line[13:20].strip(), line[20:].strip()) for line in done.stdout.splitlines()}
    for name in KEYS.iterdir():
        assert name.read_text().split("aws_secret_access_key = ")[1].split()[0] not in done.stdout
    return done.returncode, rows


def edit(project: Project, name: str, old: str, new: str) -> None:
    file = project.path / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_doctor_finds_a_healthy_project_in_order(patient):
    code, rows = doctor(patient)
    assert code == 0 and "WRONG" not in [state for state, _detail in rows.values()]
    assert rows["data dev"][1].endswith("key alice reads and writes")
    assert rows["data prod"][1].endswith("key alice reads")
    assert rows["mlflow"][0] == "ok" and rows["git remote"][0] == "ok"
    patient.make("key", f"FILE={KEYS / 'bob'}")
    assert doctor(patient)[1]["data dev"][1].endswith("key bob reads")


def test_doctor_names_what_is_ill(patient, tmp_path):
    stranger = tmp_path / "key"
    stranger.write_text("[default]\naws_access_key_id = nobody\naws_secret_access_key = " + "wrong" * 4 + "\n")
    patient.make("key", f"FILE={stranger}")
    patient.git("remote", "set-url", "origin", "http://127.0.0.1:9/nowhere.git")
    edit(patient, "pyproject.toml", 'eval = ["matplotlib"]', "eval = []")
    (patient.path / ".git" / "hooks" / "pre-push").unlink()
    code, rows = doctor(patient, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert code == 1
    wrong = {what for what, (state, _detail) in rows.items() if state == "WRONG"}
    assert wrong == {"lock", "environment", "git remote", "data dev", "data prod", "mlflow"}
    assert "key nobody: InvalidAccessKeyId" in rows["data dev"][1]
    assert rows["git hooks"] == ("note", "pre-push missing: run `make hooks`")


def test_doctor_finds_a_secret_where_git_would_take_it(patient):
    patient.dvc("remote", "modify", "dev", "secret_access_key", "a-secret-of-a-test")
    patient.dvc("remote", "modify", "dev", "verify", "false")
    code, rows = doctor(patient)
    assert code == 1
    assert rows[".dvc/config"][0] == "WRONG" and "secret_access_key" in rows[".dvc/config"][1]
    assert rows["remote dev"] == ("WRONG", f"s3://dvc/{SLUG}/dev in .dvc/config: verify is not true")
