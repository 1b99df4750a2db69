"""The state file of minio_iam: who may read it, and what is said of each mistake in it."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import identity, state_file

Write = t.Callable[..., str]

STATE: dict[str, list[dict[str, t.Any]]] = {
    "policies": [{"name": "reader", "access": [{"bucket": "datasets", "mode": "read"}]}],
    "users": [
        {"name": "alice", "secret": "secret-of-alice", "policies": ["reader"]},
        {"name": "bob", "state": "absent"},
    ],
    "groups": [{"name": "vision", "members": ["alice"], "enabled": False}],
    "service_accounts": [
        {
            "name": "etl",
            "parent": "alice",
            "secret": "secret-of-etl",
            "policy": {"Statement": []},
            "accept": ["root_parent"],
            "expires": "2027-01-31",
        }
    ],
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str, mode: int = 0o600) -> str:
        path = tmp_path / "identities"
        path.write_text(content)
        path.chmod(mode)
        return str(path)

    return written


def said(write: Write, content: t.Any, mode: int = 0o600) -> str:
    with pytest.raises(InvalidInputError) as error:
        state_file.read(write(content if isinstance(content, str) else json.dumps(content), mode))
    assert str(error.value).startswith("The state file /") and "\n" not in str(error.value)
    return str(error.value)


def test_an_item_is_what_the_option_would_hold(write: Write) -> None:
    """With the same defaults, as Ansible itself says them."""
    options = {
        kind: {"type": "list", "elements": "dict", "options": identity.arguments(kind)} for kind in identity.WORDS
    }
    expected = ArgumentSpecValidator(options).validate(STATE)
    assert expected.error_messages == []
    assert state_file.read(write(json.dumps(STATE))) == expected.validated_parameters


def test_yaml_is_the_same(write: Write) -> None:
    content = """
    users:
      - name: alice
        policies: [reader]
        enabled: no
    service_accounts:
      - name: etl
        expires: 2027-01-31
    """
    read = state_file.read(write(content))
    assert read["users"] is not None and read["service_accounts"] is not None
    assert read["users"][0]["enabled"] is False and read["users"][0]["policies"] == ["reader"]
    assert read["service_accounts"][0]["expires"] == "2027-01-31"


def test_a_list_that_is_left_out_is_not_an_empty_one(write: Write) -> None:
    assert state_file.read(write('{"users": [], "groups": null}')) == {
        "policies": None,
        "users": [],
        "groups": None,
        "service_accounts": None,
    }


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o601])
def test_a_file_that_others_can_open_is_refused(write: Write, mode: int) -> None:
    assert f"is open to others (mode {mode:04o})" in said(write, STATE, mode)


def test_a_file_of_somebody_else_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert "belongs to another user" in said(write, STATE)


def test_what_is_no_file_is_refused(tmp_path: Path, write: Write) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot be read: .*No such file"):
        state_file.read(str(tmp_path / "nowhere"))
    with pytest.raises(InvalidInputError, match=r"is not a regular file|Is a directory"):
        state_file.read(str(tmp_path))
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(InvalidInputError, match="is not a regular file"):
        state_file.read(str(tmp_path / "pipe"))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "bytes").chmod(0o600)
    with pytest.raises(InvalidInputError, match="cannot be read: 'utf-8' codec"):
        state_file.read(str(tmp_path / "bytes"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON: Expecting property name"),
        ("users: [", "is not YAML in line 2"),
        ("users: &a [*b]", "is not YAML in line 1"),
        ("- name: alice", "is not a mapping of policies, users, groups, service_accounts"),
        ("", "is not a mapping of policies, users, groups, service_accounts"),
        ({"user": []}, "has the unknown key user; the nearest is users"),
        ({"users": {}}, "users must be a list"),
        ({"users": ["alice"]}, "user number 1: it must be a mapping"),
        ({"users": [{}]}, "user number 1: name is missing"),
        ({"users": [{"name": None}]}, "user number 1: name is missing"),
        ({"users": [{"name": 7}]}, "user number 1: name must be a string"),
        (
            {"users": [{"name": "a"}, {"name": "b", "polices": []}]},
            "user number 2 (b): it has the unknown key polices; the nearest is policies",
        ),
        ({"users": [{"name": "a", "policies": "reader"}]}, "user number 1 (a): policies must be a list"),
        ({"users": [{"name": "a", "policies": ["x", 7]}]}, "user number 1 (a): policies[2] must be a string"),
        ({"users": [{"name": "a", "policies": [None]}]}, "user number 1 (a): policies[1] must be a string"),
        ({"users": [{"name": "a", "enabled": "yes"}]}, "user number 1 (a): enabled must be true or false"),
        (
            {"users": [{"name": "a", "state": "gone"}]},
            "user number 1 (a): state must be one of present, absent, not gone",
        ),
        (
            {"service_accounts": [{"name": "a", "accept": ["all"]}]},
            "service account number 1 (a): accept[1] must be one of root_parent",
        ),
        ({"policies": [{"name": "a", "access": [{"bucket": "b"}]}]}, "policy number 1 (a): access[1]: mode is missing"),
        (
            {"policies": [{"name": "a", "access": [{"bucket": "b", "mood": 1}]}]},
            "policy number 1 (a): access[1]: it has the unknown key mood; the nearest is mode",
        ),
        ({"policies": [{"name": "a", "access": ["b"]}]}, "policy number 1 (a): access[1]: it must be a mapping"),
    ],
)
def test_a_mistake_gets_a_sentence(write: Write, content: t.Any, words: str) -> None:
    assert words in said(write, content)


def test_no_mistake_shows_a_secret(write: Write) -> None:
    for content in (
        {"users": [{"name": "a", "secret": ["the-secret"]}]},
        {"users": [{"name": "a", "secret": {"the-secret": 1}}]},
        "users:\n  - name: a\n    secret: 'the-secret\n    enabled: true",
        "users:\n  - {name: a, secret: the-secret",
        '{"users": [{"secret": "the-secret" "name"',
    ):
        assert "the-secret" not in said(write, content)
