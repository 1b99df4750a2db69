"""minio_policy, minio_user, minio_group and minio_svcacct: the same engine for one item."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.repro.stack.plugins.module_utils._minio.policies.policy import canonical
from identities_of_a_test import OTHER_SECRET, READ, SECRET, WRITE, Iam, in_days


def _life_of_one(iam: Iam, module: str, key: str, *states: dict[str, t.Any]) -> None:
    for options in states:
        foretold = iam.one(module, check_mode=True, **options)
        done = iam.one(module, **options)
        assert foretold["changed"] and done["changed"]
        assert not iam.one(module, check_mode=True, **options)["changed"]
        again = iam.one(module, **options)
        assert not again["changed"]
        assert again[key] == done[key], "the whole state is told, changed or not"
        assert SECRET not in json.dumps([foretold, done]) and OTHER_SECRET not in json.dumps([foretold, done])


def test_life_of_a_policy(iam: Iam) -> None:
    name = {"name": iam.policy}
    _life_of_one(iam, "minio_policy", "policy", *({**name, **more} for more in ({"access": READ}, {"access": WRITE})))
    _life_of_one(iam, "minio_policy", "policy", {**name, "state": "absent"})


def test_life_of_a_user(iam: Iam) -> None:
    declared = {"name": iam.user, "secret": SECRET, "policies": ["readonly"]}
    modified = {"name": iam.user, "secret": OTHER_SECRET, "policies": [], "enabled": False}
    _life_of_one(iam, "minio_user", "user", declared, modified, {"name": iam.user, "state": "absent"})


def test_groups_of_a_user(iam: Iam) -> None:
    groups = [f"{iam.group}{number}" for number in range(3)]
    iam.apply(groups=[{"name": name, "policies": ["readonly"]} for name in groups])
    user = {"name": iam.user, "secret": SECRET}
    states = [{**user, "groups": each} for each in (groups[:2], groups[1:], [], groups[:1])]
    _life_of_one(iam, "minio_user", "user", *states)
    assert not iam.one("minio_user", **user)["changed"], "what is not declared is left alone"
    assert iam.exported("groups")[groups[0]]["members"] == [iam.user]
    _life_of_one(iam, "minio_user", "user", {"name": iam.user, "state": "absent"}, states[1])
    with pytest.raises(Exception, match="shall have the group nothing-here, which does not exist"):
        iam.one("minio_user", **user, groups=["nothing-here"])
    iam.one("minio_user", name=iam.user, state="absent")
    iam.apply(groups=[{"name": name, "state": "absent"} for name in groups])


def test_life_of_a_group(iam: Iam) -> None:
    iam.apply(users=[{"name": f"{iam.user}{number}", "secret": SECRET} for number in range(3)])
    declared = {"name": iam.group, "members": [f"{iam.user}0", f"{iam.user}1"], "policies": ["readonly"]}
    modified = {"name": iam.group, "members": [f"{iam.user}1", f"{iam.user}2"], "policies": [], "enabled": False}
    cleared = {"name": iam.group, "members": [], "policies": ["readonly", "writeonly"]}
    gone = {"name": iam.group, "state": "absent"}
    _life_of_one(iam, "minio_group", "group", declared, modified, cleared, gone)
    _life_of_one(iam, "minio_group", "group", {**modified, "policies": ["readonly"]}, declared, gone)
    assert f"{iam.user}1" in iam.exported("users"), "the users of a group stay"
    iam.apply(users=[{"name": f"{iam.user}{number}", "state": "absent"} for number in range(3)])


def test_life_of_a_service_account(iam: Iam) -> None:
    iam.apply(users=iam.declared()["users"][:1], policies=iam.declared()["policies"])
    declared = {"name": iam.account, "parent": iam.user, "secret": SECRET, "access": READ, "display_name": "reader"}
    modified = {**declared, "access": WRITE, "expires": in_days(9), "enabled": False, "description": "a writer"}
    gone = {"name": iam.account, "state": "absent"}
    _life_of_one(iam, "minio_svcacct", "service_account", declared, modified, gone)


@pytest.mark.parametrize(
    "change",
    [
        {"access": WRITE},
        {"description": "other"},
        {"description": ""},
        {"display_name": "other"},
        {"display_name": ""},
        {"expires": "in 9 days"},
        {"expires": "never"},
        {"enabled": False},
        {"enabled": False, "access": WRITE},
    ],
    ids=str,
)
def test_a_change_of_an_account_keeps_all_else(iam: Iam, change: dict[str, t.Any]) -> None:
    """The secret is not declared, so that nobody could make the account again."""
    before = {"description": "first", "display_name": "reader", "expires": in_days(3)}
    iam.apply(**iam.declared(**before))
    change = {key: in_days(9) if value == "in 9 days" else value for key, value in change.items()}
    options = {"name": iam.account, "expires": before["expires"], **change}
    foretold = iam.one("minio_svcacct", check_mode=True, **options)
    done = iam.one("minio_svcacct", **options)
    assert foretold["changed"] and done["changed"]
    changed = {key for key, value in done["diff"]["after"].items() if done["diff"]["before"][key] != value}
    assert changed == {"policy" if key == "access" else key for key in change}
    assert iam.entry()["secretKey"] == SECRET
    assert not iam.one("minio_svcacct", **options)["changed"]


def test_what_can_only_be_made_anew_needs_the_secret_where_it_is_disabled(iam: Iam) -> None:
    """An import enables the account, and its secret must not open it meanwhile."""
    iam.apply(**iam.declared(description="first", enabled=False))
    with pytest.raises(Exception, match=f"service account {iam.account} is disabled: give its secret"):
        iam.one("minio_svcacct", name=iam.account, description="", enabled=False)
    assert iam.one("minio_svcacct", name=iam.account, description="", enabled=False, secret=SECRET)["changed"]
    assert (iam.entry()["secretKey"], iam.entry()["status"], iam.entry()["description"]) == (SECRET, "off", "")


@pytest.mark.parametrize("words", ["a name, with ümlaut & <signs>", "7", "x" * 32, "日本語", " "])
def test_a_call_takes_the_texts_that_an_import_takes(iam: Iam, words: str) -> None:
    iam.apply(**iam.declared(display_name=words, description=words))
    assert not iam.apply(**iam.declared(display_name=words, description=words))["changed"]
    iam.apply(**iam.declared(display_name="other", description="other"))
    iam.apply(**iam.declared(description=words))
    iam.apply(**iam.declared(display_name=words, description=words))
    assert (iam.entry()["name"], iam.entry()["description"]) == (words, words)


def test_an_update_keeps_the_policy(iam: Iam) -> None:
    iam.apply(**iam.declared())
    inline = iam.entry()["sessionPolicy"]
    for change in ({"description": "other"}, {"enabled": False}, {"enabled": True}, {"rotate": True}):
        assert iam.one("minio_svcacct", name=iam.account, **change)["changed"]
        assert canonical(iam.entry()["sessionPolicy"]) == canonical(inline)
        assert iam.entry()["claims"]["sa-policy"] == "embedded-policy"


def test_a_secret_is_generated_and_told_once(iam: Iam) -> None:
    iam.apply(policies=iam.declared()["policies"], users=iam.declared()["users"])
    options = {"name": iam.account, "parent": iam.user, "access": READ}
    assert iam.one("minio_svcacct", check_mode=True, **options)["secret_key"] is None
    made = iam.one("minio_svcacct", **options)
    assert made["changed"] and made["secret_key"] == iam.entry()["secretKey"]
    assert len(made["secret_key"]) == 40 and made["secret_key"] not in json.dumps(
        [made["diff"], made["service_account"]]
    )
    assert iam.answer(iam.account, made["secret_key"]) == "NoSuchBucket"
    again = iam.one("minio_svcacct", **options)
    assert not again["changed"] and again["secret_key"] is None
    assert iam.entry()["secretKey"] == made["secret_key"]


def test_a_secret_is_rotated_on_request(iam: Iam) -> None:
    iam.apply(**iam.declared())
    foretold = iam.one("minio_svcacct", check_mode=True, name=iam.account, rotate=True)
    assert foretold["changed"] and foretold["secret_key"] is None and iam.entry()["secretKey"] == SECRET
    done = iam.one("minio_svcacct", name=iam.account, rotate=True)
    assert done["diff"]["before"]["secret"] != done["diff"]["after"]["secret"]
    assert done["secret_key"] == iam.entry()["secretKey"] != SECRET
    assert iam.answer(iam.account, SECRET) == "SignatureDoesNotMatch"
    given = {"name": iam.account, "secret": OTHER_SECRET, "rotate": True, "update_secret": "on_create"}
    assert iam.one("minio_svcacct", **given)["secret_key"] is None
    assert iam.entry()["secretKey"] == OTHER_SECRET
    assert not iam.one("minio_svcacct", **given)["changed"]


def test_a_wrong_secret_is_found_without_a_rotation(iam: Iam) -> None:
    iam.apply(**iam.declared())
    iam.update_account(newSecretKey=OTHER_SECRET)
    found = iam.one("minio_svcacct", check_mode=True, name=iam.account, secret=SECRET)
    assert found["diff"]["before"]["secret"] == "different from the declared one"
    assert iam.entry()["secretKey"] == OTHER_SECRET
    assert iam.one("minio_svcacct", name=iam.account, secret=SECRET)["secret_key"] is None
    assert iam.entry()["secretKey"] == SECRET
