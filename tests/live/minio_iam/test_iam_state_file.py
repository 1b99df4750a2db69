"""The whole state from a file: the same engine as for the lists."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from identities_of_a_test import OTHER_SECRET, READ, SECRET, Iam


def write(path: Path, state: t.Any) -> str:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        json.dump(state, file)
    return str(path)


def test_life(iam: Iam, tmp_path: Path) -> None:
    modified = iam.declared(secret=OTHER_SECRET, description="other", enabled=False)
    modified["groups"][0]["members"] = []
    for state in (iam.declared(), modified, iam.gone()):
        file = {"state_file": write(tmp_path / "state", state)}
        foretold = iam.apply(check_mode=True, **file)
        assert foretold["diff"] == iam.apply(check_mode=True, **state)["diff"]
        assert iam.apply(**file)["changed"]
        assert not iam.apply(check_mode=True, **file)["changed"]
        assert not iam.apply(**file)["changed"]
        assert not iam.apply(**state)["changed"]
        assert SECRET not in json.dumps(foretold) and OTHER_SECRET not in json.dumps(foretold)


def test_a_list_that_a_file_leaves_out_is_not_purged(iam: Iam, tmp_path: Path) -> None:
    manager = {"manager": f"test-{iam.word}", "purge": "managed"}
    iam.apply(**manager, state_file=write(tmp_path / "state", iam.declared()))
    done = iam.apply(**manager, state_file=write(tmp_path / "state", {"groups": []}))
    assert done["identities"].keys() == {f"group {iam.group}", f"record of test-{iam.word}"}
    nothing = {"policies": [], "users": [], "groups": [], "service_accounts": []}
    iam.apply(**manager, state_file=write(tmp_path / "state", nothing))
    assert iam.user not in iam.exported("users")


def test_a_file_that_others_can_read_is_refused_before_anything_is_asked(iam: Iam, tmp_path: Path) -> None:
    path = write(tmp_path / "state", iam.declared())
    Path(path).chmod(0o640)
    with pytest.raises(Exception, match=r"state file .* is open to others \(mode 0640\)"):
        iam.apply(state_file=path, endpoint="http://127.0.0.1:1", wait=0)


def test_a_file_stands_in_place_of_the_lists(iam: Iam, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="mutually exclusive: state_file"):
        iam.apply(state_file=write(tmp_path / "state", {}), users=[])


def test_a_mistake_in_a_file_is_said_with_its_place(iam: Iam, tmp_path: Path) -> None:
    state = iam.declared()
    state["service_accounts"].append({"name": "second", "parent": iam.user, "secret": "short", "access": READ})
    with pytest.raises(Exception, match="service account second: the secret key is too short"):
        iam.apply(state_file=write(tmp_path / "state", state))
    state["service_accounts"][1] = {"name": "second", "secret": SECRET, "acces": READ}
    with pytest.raises(
        Exception, match=r"service account number 2 \(second\): it has the unknown key acces; .* access"
    ):
        iam.apply(state_file=write(tmp_path / "state", state))
    assert iam.user not in iam.exported("users")
