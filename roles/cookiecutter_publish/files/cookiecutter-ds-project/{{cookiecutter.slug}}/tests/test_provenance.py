from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from conftest import PACKAGE, module

LOCK = """
stages:
  features:
    deps: [{path: data/raw/a.csv, md5: "1"}, {path: src/code.py, md5: "2"}]
    outs: [{path: data/processed/b.csv, md5: "3"}]
  train:
    deps: [{path: data/processed/b.csv, md5: "3"}]
    outs: [{path: models/model.pkl, md5: "4"}]
"""


def test_outputs_and_the_data_they_come_from(tmp_path: Path):
    lock = tmp_path / "dvc.lock"
    lock.write_text(LOCK)
    found = module("provenance").outputs(lock)
    assert found == {"data/processed/b.csv": "3", "data/raw/a.csv": "1", "models/model.pkl": "4"}


def test_data_hash_is_dvc_s_own_for_one_file_and_covers_all_of_several():
    data_hash = module("provenance").data_hash
    assert data_hash({"data/raw/a.csv": "1", "models/model.pkl": "4"}) == "1"
    several = [data_hash({"data/raw/a.csv": one, "data/raw/b.csv": "2"}) for one in ("1", "3")]
    assert len({*several, "1", "2", "3"}) == 5


def test_a_password_in_the_address_of_origin_stays_there(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git = module("provenance").git
    git("init")
    git("remote", "add", "origin", "https://somebody:secret@forge.example/team/project.git")  # pragma: allowlist secret
    assert module("provenance").code()["git.repository"] == "https://forge.example/team/project.git"


def test_an_image_names_its_commit_as_long_as_its_files_are_of_it(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, file = module("provenance").code, tmp_path / "with a blank.txt"
    assert code() == {"git.commit": "", "git.dirty": "true"}
    file.write_text("as committed")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    (tmp_path / ".archived").write_text(f"abc\n{digest}  ./{file.name}\n")
    assert code() == {"git.commit": "abc", "git.dirty": "false"}
    for added in (tmp_path / "dvc.lock", tmp_path / "src" / "more.py"):
        added.parent.mkdir(exist_ok=True)
        added.touch()
        assert code() == {"git.commit": "abc", "git.dirty": "true"}
        added.unlink()
    file.write_text("changed")
    assert code() == {"git.commit": "abc", "git.dirty": "true"}
    file.unlink()
    assert code()["git.dirty"] == "true"


def test_a_repository_that_git_refuses_is_not_taken_for_an_image(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    provenance = module("provenance")
    (tmp_path / ".archived").write_text("abc\n")
    (tmp_path / ".git").write_text("gitdir: nowhere")
    with pytest.raises(provenance.Refused, match="Git does not say which commit this is: fatal: "):
        provenance.code()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(provenance.Refused, match="There is no program git here"):
        provenance.code()


def test_cards_as_nvidia_s_program_names_them(tmp_path: Path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text(
        "#!/bin/sh\necho '<log><driver_version>550.1</driver_version><cuda_version>12.4</cuda_version>"
        "<gpu><product_name>A</product_name></gpu><gpu><product_name>B</product_name></gpu></log>'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert module("provenance").gpu() == {"gpu.names": "A, B", "gpu.driver": "550.1", "gpu.cuda": "12.4"}


def test_cards_that_cannot_be_asked_are_unknown(tmp_path: Path, monkeypatch):
    program, provenance = tmp_path / "nvidia-smi", module("provenance")
    monkeypatch.setattr(provenance, "PATIENCE", 0.2)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for does, sentence in (("exec sleep 60", "did not answer within 0.2 s"), ("exit 9", "ended with 9")):
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)
        assert provenance.gpu() == {"gpu.unknown": f"nvidia-smi {sentence}"}


@pytest.mark.parametrize(
    "path", ["data/raw/a b.csv", "data/raw/year=2024", "data/raw/50%~:3D.csv", "data/raw/größe,+.csv"]
)
def test_every_path_is_a_tag_that_mlflow_takes(path):
    provenance = module("provenance")
    tag = provenance.tag_of(path)
    assert re.fullmatch(r"[/\w.\- :]+", tag) and provenance.path_of(tag) == path


def test_a_plain_path_is_its_own_tag():
    assert module("provenance").tag_of("data/raw/tumours.csv") == "dvc.data/raw/tumours.csv"


def test_the_project_is_named_as_its_package():
    assert module("provenance").PROJECT == PACKAGE
