from __future__ import annotations

from pathlib import Path

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
    git("remote", "add", "origin", "https://somebody:secret@forge.example/team/project.git")
    assert module("provenance").repository() == "https://forge.example/team/project.git"


def test_an_image_without_git_names_its_commit(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("GIT_COMMIT", "abc")
    assert module("provenance").code() == {"git.commit": "abc", "git.dirty": "false"}
    monkeypatch.delenv("GIT_COMMIT")
    assert module("provenance").code()["git.dirty"] == "true"


def test_cards_as_nvidia_s_program_names_them(tmp_path: Path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text(
        "#!/bin/sh\necho '<log><driver_version>550.1</driver_version><cuda_version>12.4</cuda_version>"
        "<gpu><product_name>A</product_name></gpu><gpu><product_name>B</product_name></gpu></log>'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert module("provenance").gpu() == {"gpu.names": "A, B", "gpu.driver": "550.1", "gpu.cuda": "12.4"}


def test_the_project_is_named_as_its_package():
    assert module("provenance").PROJECT == PACKAGE
