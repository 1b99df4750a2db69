"""What is ours is recorded on the server, and goes when it is no longer declared; what others need stays."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.record import names_in
from identities_of_a_test import OTHER_SECRET, READ, SECRET, Iam

MINE = {"manager": "mine", "purge": "managed"}
THEIRS = {"manager": "theirs", "purge": "managed"}
NOTHING: dict[str, list[t.Any]] = {"policies": [], "users": [], "groups": [], "service_accounts": []}
RECORD = "record of mine"


def recorded(iam: Iam, manager: str = "mine") -> set[str]:
    entry = iam.exported("policies").get(f"repro.stack.managed.{manager}", {})
    words = {"policies": "policy", "users": "user", "groups": "group", "service_accounts": "service account"}
    return {f"{words[kind]} {name}" for kind, names in names_in(entry).items() for name in names}


def there(iam: Iam) -> set[str]:
    files = {"policies": "policy", "users": "user", "groups": "group", "svcaccts": "service account"}
    return {f"{word} {name}" for file, word in files.items() for name in iam.exported(file)} & iam.labels


def warned(done: dict[str, t.Any]) -> list[str]:
    return [warning["event"]["msg"] for warning in done.get("warnings", ())]


def test_life(iam: Iam) -> None:
    """On the stack's own server, beside what others keep there."""
    manager = {"manager": f"test-{iam.word}", "purge": "managed"}
    record = f"record of test-{iam.word}"
    fewer = {**iam.declared(), "groups": [], "service_accounts": []}
    for state, changed in (
        (iam.declared(), iam.labels),
        (fewer, {f"group {iam.group}", f"service account {iam.account}"}),
        (NOTHING, {f"policy {iam.policy}", f"user {iam.user}"}),
    ):
        foretold = iam.apply(check_mode=True, **manager, **state)
        done = iam.apply(**manager, **state)
        assert foretold["changed"] and done["changed"]
        assert foretold["identities"].keys() == done["identities"].keys() == changed | {record}
        assert foretold["diff"]["before"] == done["diff"]["before"]
        assert recorded(iam, manager["manager"]) == there(iam)
        assert not iam.apply(check_mode=True, **manager, **state)["changed"]
        again = iam.apply(**manager, **state)
        assert not again["changed"] and again["kept"] == {} and not warned(again)
    assert f"repro.stack.managed.{manager['manager']}" not in iam.exported("policies"), "an empty record goes"


def test_the_record_is_never_behind(own: Iam, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each write, what exists of ours is recorded."""
    seen: list[str] = []
    real = Admin.call

    def looking(self: Admin, method: str, name: str, *rest: t.Any, **more: t.Any) -> bytes:
        told = real(self, method, name, *rest, **more)
        if method != "GET":
            seen.append(name)
            with monkeypatch.context() as meanwhile:
                meanwhile.setattr(Admin, "call", real)
                assert there(own) <= recorded(own), f"after {name}"
        return told

    monkeypatch.setattr(Admin, "call", looking)
    own.apply(**MINE, **own.declared(enabled=False))
    own.apply(**MINE, **NOTHING)
    monkeypatch.undo()
    assert there(own) == recorded(own) == set()
    assert seen[:3] == ["import-iam-v2", "import-iam-v2", "update-service-account"]
    assert seen[3:] == [
        "delete-service-account",
        "update-group-members",
        "update-group-members",
        "remove-user",
        "remove-canned-policy",
        "remove-canned-policy",
    ]


def test_what_nobody_recorded_stays(own: Iam) -> None:
    own.apply(**own.declared())
    assert not own.apply(**MINE, **NOTHING)["changed"]
    assert not own.apply(manager="mine", purge="none", **NOTHING)["changed"]
    assert there(own) == own.labels


def test_what_is_declared_is_adopted_and_shown(own: Iam) -> None:
    own.apply(**own.declared())
    foretold = own.apply(check_mode=True, manager="mine", **own.declared())
    assert foretold["identities"] == {
        RECORD: {
            "policies": [own.policy],
            "users": [own.user],
            "groups": [own.group],
            "service_accounts": [own.account],
        }
    }
    assert recorded(own) == set()
    assert own.apply(manager="mine", **own.declared())["identities"] == foretold["identities"]
    assert recorded(own) == own.labels
    assert not own.apply(manager="mine", **NOTHING)["changed"], "without a purge it stays, and ours"
    assert own.apply(**MINE, **NOTHING)["identities"].keys() == own.labels | {RECORD}
    assert there(own) == set()


def test_a_list_that_is_left_out_is_left_alone(own: Iam) -> None:
    own.apply(**MINE, **own.declared())
    assert own.apply(**MINE, groups=[])["identities"].keys() == {f"group {own.group}", RECORD}
    assert recorded(own) == there(own) == own.labels - {f"group {own.group}"}


def test_what_is_declared_absent_leaves_the_record(own: Iam) -> None:
    own.apply(**MINE, **own.declared())
    own.apply(manager="mine", groups=own.gone()["groups"])
    assert recorded(own) == there(own) == own.labels - {f"group {own.group}"}


def test_what_somebody_removed_leaves_the_record(own: Iam) -> None:
    """So that a namesake that somebody else makes later is not taken for ours."""
    own.apply(**MINE, **own.declared())
    own.call("DELETE", "delete-service-account", {"accessKey": own.account})
    state = {**own.declared(), "service_accounts": []}
    assert own.apply(**MINE, **state)["identities"] == {RECORD: {}}
    own.apply(**own.declared())
    assert not own.apply(**MINE, **state)["changed"]
    assert own.account in own.exported("svcaccts")


def test_what_another_manager_keeps_only_leaves_our_record(own: Iam) -> None:
    own.apply(**MINE, **own.declared())
    own.apply(**THEIRS, **own.declared())
    released = own.apply(**MINE, **NOTHING)
    assert released["identities"].keys() == {RECORD}
    assert released["kept"] == dict.fromkeys(own.labels, "the manager theirs keeps it")
    assert not warned(released)
    assert recorded(own) == set() and there(own) == recorded(own, "theirs") == own.labels
    own.apply(**THEIRS, **NOTHING)
    assert there(own) == set()


def test_what_others_need_is_kept_and_named(own: Iam) -> None:
    state = own.declared()
    own.apply(**MINE, **state)
    foreign = f"other-{own.word}"
    own.apply(
        users=[{"name": foreign, "secret": SECRET, "policies": [own.policy]}],
        service_accounts=[{"name": foreign[:5] + "-account", "parent": own.user, "secret": SECRET, "access": READ}],
    )
    for check_mode in (True, False):
        done = own.apply(check_mode=check_mode, **MINE, **NOTHING)
        assert done["identities"].keys() == {f"group {own.group}", f"service account {own.account}", RECORD}
        assert done["kept"] == {
            f"user {own.user}": "MinIO would remove its service accounts other-account",
            f"policy {own.policy}": f"it is attached to the user {foreign}",
        }
        assert warned(done) == [
            f"The {where} is not declared and is kept: {why}" for where, why in done["kept"].items()
        ]
    assert recorded(own) == {f"user {own.user}", f"policy {own.policy}"}, "it goes when nobody needs it"
    own.apply(
        users=[{"name": foreign, "state": "absent"}], service_accounts=[{"name": "other-account", "state": "absent"}]
    )
    assert own.apply(**MINE, **NOTHING)["kept"] == {}
    assert there(own) == recorded(own) == set()


def test_who_makes_the_call_is_kept(own: Iam) -> None:
    """An administrator and its parent's rights, whatever the lists say."""
    state = own.declared(access=None, accept=["inherited_policy"])
    state["policies"][0] = {"name": own.policy, "document": {"Statement": [{"Effect": "Allow", "Action": "admin:*"}]}}
    own.apply(**MINE, **state)
    key = {"access_key": own.account, "secret_key": SECRET}
    kept = {
        f"service account {own.account}": "it makes this call",
        f"group {own.group}": "who makes this call is a member of it",
        f"user {own.user}": "it makes this call",
        f"policy {own.policy}": f"it is attached to the user {own.user}",
    }
    for purge in ("managed", "all"):
        done = own.apply(**key, manager="mine", purge=purge, **NOTHING)
        assert not done["changed"]
        assert {where: done["kept"][where] for where in kept} == kept
        assert len(warned(done)) == 4
    assert there(own) == own.labels


def test_everything_else_goes_on_request(own: Iam) -> None:
    theirs = Iam(own.run_module, own.minio)
    own.apply(**own.declared())
    theirs.apply(manager="theirs", **theirs.declared())
    state = {**NOTHING, "users": [{"name": own.user, "policies": []}]}
    for check_mode in (True, False):
        done = own.apply(check_mode=check_mode, purge="all", **state)
        assert done["identities"].keys() == own.labels
        assert done["kept"].keys() >= theirs.labels | {"policy readonly", "policy repro.stack.managed.theirs"}
        assert not warned(done), "what can never go is no news"
    assert there(own) == {f"user {own.user}"}
    assert there(theirs) == theirs.labels
    assert not own.apply(purge="all", **state)["changed"]


def test_a_parent_that_changed_is_repaired_where_the_account_is_ours(own: Iam) -> None:
    other = f"other-{own.word}"
    state = own.declared()
    state["users"].append({"name": other, "secret": OTHER_SECRET})
    own.apply(**MINE, **state)
    entry = own.entry()
    own.by_hand(svcaccts={own.account: {**entry, "parent": other, "claims": {**entry["claims"], "parent": other}}})
    seen = own.apply(check_mode=True, **MINE, **state)["diff"]
    assert seen["before"][f"service account {own.account}"]["parent"] == other
    with pytest.raises(Exception, match=f"belongs to an account of {other} and not of {own.user}"):
        own.apply(**THEIRS, **state)
    own.apply(**MINE, **state)
    assert own.entry()["parent"] == own.user
    assert own.answer(own.account, SECRET) == "NoSuchBucket"
    assert not own.apply(**MINE, **state)["changed"]


def test_a_record_that_was_tampered_with_is_repaired(own: Iam) -> None:
    own.apply(**MINE, **own.declared())
    entry = own.exported("policies")["repro.stack.managed.mine"]
    more = {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}
    own.by_hand(policies={"repro.stack.managed.mine": {**entry, "Statement": [*entry["Statement"], more]}})
    assert own.apply(**MINE, **own.declared())["identities"] == {RECORD: {}}
    assert "s3:*" not in json.dumps(own.exported("policies")["repro.stack.managed.mine"])


def test_a_record_gives_nothing_to_who_has_it(own: Iam) -> None:
    own.apply(**MINE, users=[{"name": own.user, "secret": SECRET}])
    own.by_hand(user_mappings={own.user: {"version": 1, "policy": "repro.stack.managed.mine"}})
    assert own.answer(own.user, SECRET) == "AccessDenied"
    own.by_hand(user_mappings={own.user: {"version": 1, "policy": ""}})


def test_a_record_is_nobody_s_to_declare(iam: Iam) -> None:
    with pytest.raises(Exception, match="has the name of a record of what is managed"):
        iam.one("minio_policy", name="repro.stack.managed.mine", access=READ)


def test_a_managed_purge_needs_a_manager(iam: Iam) -> None:
    with pytest.raises(Exception, match="purge is managed but all of the following are missing: manager"):
        iam.apply(purge="managed", **NOTHING)
    with pytest.raises(Exception, match="The manager a/b is not a word"):
        iam.apply(purge="managed", manager="a/b", **NOTHING)


@pytest.mark.parametrize("name", ["a*b?", "ü $x/y %41", "x" * 250])
def test_any_name_can_be_recorded(own: Iam, name: str) -> None:
    users = [{"name": name, "secret": SECRET}]
    own.apply(**MINE, users=users)
    assert recorded(own) == {f"user {name}"}
    assert not own.apply(**MINE, users=users)["changed"]
    own.apply(**MINE, users=[])
    assert name not in own.exported("users")
