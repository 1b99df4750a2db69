"""The files of a container: what is repaired, what is shown, and when the digest asks for a new container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def write(run_module, tmp_path):
    def run(content="a", secret="first secret", **options):
        return run_module(
            "config_directory",
            path=str(tmp_path / "service"),
            key_file=str(tmp_path / "key"),
            owner=os.getuid(),
            files=[{"name": "plain", "content": content}],
            secret_files={"hidden": secret},
            directories=[{"path": str(tmp_path / "data"), "owner": os.getuid(), "mode": "0700"}],
            **options,
        )

    return run


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:04o}"


def test_life(write, tmp_path):
    assert write(check_mode=True)["changed"] and not (tmp_path / "service").exists()
    first = write()
    assert first["changed"]
    assert (tmp_path / "service" / "plain").read_text() == "a"
    assert mode(tmp_path / "service" / "hidden") == mode(tmp_path / "service" / "plain") == "0600"
    assert mode(tmp_path / "data") == "0700"
    again = write()
    assert not again["changed"] and again["digest"] == first["digest"]
    foreseen = write(content="b", check_mode=True)
    assert foreseen["changed"] and (tmp_path / "service" / "plain").read_text() == "a"
    second = write(content="b")
    assert second["digest"] == foreseen["digest"] != first["digest"]


def test_a_secret_is_never_shown(write, tmp_path):
    write()
    answer = write(secret="second secret")
    assert answer["changed"] and "second" not in str(answer) and "first" not in str(answer)
    assert answer["diff"]["before"]["secret_files"]["hidden"]["content"] == "different from the declared one"
    assert (tmp_path / "service" / "hidden").read_text() == "second secret"


def test_a_repaired_file_asks_for_a_new_container_and_a_repaired_mode_does_not(write, tmp_path):
    first = write()["digest"]
    (tmp_path / "service" / "plain").chmod(0o644)
    repaired = write()
    assert repaired["changed"] and repaired["digest"] == first and mode(tmp_path / "service" / "plain") == "0600"
    (tmp_path / "service" / "plain").write_text("edited by hand")
    assert write()["digest"] != first


def test_an_interrupted_repair_still_asks_for_a_new_container(write, tmp_path, monkeypatch):
    first = write()["digest"]
    (tmp_path / "service" / "hidden").write_text("edited by hand")

    calls = []

    def power_fails_at_the_second_file(file):
        calls.append(file)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", power_fails_at_the_second_file)
        with pytest.raises(KeyboardInterrupt):
            write()
    assert (tmp_path / "service" / "hidden").read_text() == "edited by hand"
    assert write()["digest"] != first
    assert (tmp_path / "service" / "hidden").read_text() == "first secret"


def test_a_key_that_others_may_read_is_closed_and_an_emptied_one_made_anew(write, tmp_path):
    first, key = write()["digest"], (tmp_path / "key").read_text()
    (tmp_path / "key").chmod(0o644)
    closed = write()
    assert closed["changed"] and closed["digest"] == first and mode(tmp_path / "key") == "0600"
    (tmp_path / "key").write_text("")
    foreseen = write(check_mode=True)
    assert foreseen["changed"] and foreseen["digest"] != first and (tmp_path / "key").read_text() == ""
    assert write()["digest"] not in (first, foreseen["digest"])
    assert (tmp_path / "key").read_text() not in ("", key) and not write()["changed"]


def test_files_that_are_not_named_stay(write, tmp_path):
    write()
    (tmp_path / "service" / "foreign").write_text("mine")
    assert not write()["changed"]
    assert (tmp_path / "service" / "foreign").read_text() == "mine"


def test_a_directory_may_lie_on_another_disk(write, tmp_path):
    (tmp_path / "large disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "large disk")
    assert write()["changed"] and mode(tmp_path / "large disk") == "0700"
    assert not write()["changed"]


def test_a_shared_directory_keeps_its_mode_and_a_missing_one_is_made(write, tmp_path):
    assert write(shared=True)["changed"] and mode(tmp_path / "service") == "0750"
    (tmp_path / "service").chmod(0o2775)
    assert not write(shared=True)["changed"]
    (tmp_path / "service" / "plain").write_text("edited by hand")
    assert write(shared=True)["changed"] and (tmp_path / "service" / "plain").read_text() == "a"
    assert (tmp_path / "service").stat().st_mode & 0o7777 == 0o2775
    assert write()["changed"] and mode(tmp_path / "service") == "0750"


def test_line_ends_are_content(write, tmp_path):
    write(content="a\n")
    (tmp_path / "service" / "plain").write_bytes(b"a\r\n")
    assert write(content="a\n")["changed"]
    assert (tmp_path / "service" / "plain").read_bytes() == b"a\n"


@pytest.mark.parametrize(("name", "sentence"), [("service/plain", "is a directory"), ("data", "is no directory")])
def test_something_else_in_the_way_is_named_and_kept(write, run_module, tmp_path, name, sentence):
    (tmp_path / "service").mkdir()
    if name == "data":
        (tmp_path / name).write_text("somebody's")
    else:
        (tmp_path / name).mkdir()
    with pytest.raises(run_module.failed, match=f"{tmp_path / name} .*{sentence}.*move it away"):
        write()
    assert (tmp_path / name).exists()
