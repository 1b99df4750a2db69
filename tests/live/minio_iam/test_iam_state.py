"""minio_iam: the whole state at once, against the real server."""

from __future__ import annotations

import json
import random
import typing as t
from pathlib import Path

import pytest
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.policies.policy import canonical
from identities_of_a_test import OTHER_SECRET, READ, SECRET, WRITE, Iam, in_days


def test_life(iam: Iam) -> None:
    modified = iam.declared(secret=OTHER_SECRET, access=WRITE, description="other", enabled=False)
    modified["policies"][0]["access"] = READ
    modified["users"][0].update(secret=OTHER_SECRET, policies=["readonly"], enabled=False)
    modified["groups"][0].update(members=[], policies=["readonly"], enabled=False)
    for state in (iam.declared(description="first"), modified, iam.gone()):
        foretold = iam.apply(check_mode=True, **state)
        done = iam.apply(**state)
        assert set(done["identities"]) == iam.labels
        assert foretold["changed"] and done["changed"]
        assert foretold["diff"] == done["diff"]
        assert not iam.apply(check_mode=True, **state)["changed"]
        assert not iam.apply(**state)["changed"]
        assert SECRET not in json.dumps([foretold, done]) and OTHER_SECRET not in json.dumps([foretold, done])


def test_an_unchanged_state_costs_one_call_and_a_change_one_import(iam: Iam, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real = Admin.call

    def counted(self: Admin, method: str, name: str, *rest: t.Any, **more: t.Any) -> bytes:
        calls.append(name)
        return real(self, method, name, *rest, **more)

    monkeypatch.setattr(Admin, "call", counted)
    iam.apply(**iam.declared())
    assert calls == ["export-iam", "import-iam-v2", "export-iam"]
    calls.clear()
    iam.apply(**iam.declared())
    assert calls == ["export-iam"]


def test_a_mark_is_made_before_the_first_write_and_only_then(iam: Iam, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(Exception, match=r"Nothing was changed, because .* cannot be made"):
        iam.apply(**iam.declared(), mark_file=str(tmp_path / "nowhere" / "mark"))
    assert iam.user not in iam.exported("users")
    iam.apply(check_mode=True, **iam.declared(), mark_file=str(mark))
    assert not mark.exists()
    iam.apply(**iam.declared(), mark_file=str(mark))
    assert mark.stat().st_mode & 0o777 == 0o600
    iam.apply(**iam.gone(), mark_file=str(mark))
    mark.unlink()
    assert not iam.apply(**iam.gone(), mark_file=str(mark))["changed"]
    assert not mark.exists()


def test_groups_of_users_and_members_of_groups_in_one_run(iam: Iam) -> None:
    """What is told by the one, by the other and by both comes out the same, in every order of events."""
    names = [f"{iam.user}{number}" for number in range(4)]
    told, untold = iam.group, f"{iam.group}-untold"
    gone = {
        "users": [{"name": name, "state": "absent"} for name in names],
        "groups": [{"name": name, "state": "absent"} for name in (told, untold)],
    }

    def state(members: list[str] | None, policies: list[str], *groups: list[str] | None) -> dict[str, t.Any]:
        users = [{"name": name, "secret": SECRET, "groups": each} for name, each in zip(names, groups, strict=False)]
        return {
            "users": [*users, *({"name": name, "state": "absent"} for name in names[len(groups) :])],
            "groups": [
                {"name": told, "members": members, "policies": policies},
                {"name": untold, "policies": policies},
            ],
        }

    try:
        for declared, first, second in (
            (state(names[:2], ["readonly"], [told], [told, untold], [untold], []), {0, 1}, {1, 2}),
            (state(names[1:3], [], [untold], [told], None, [untold]), {1, 2}, {0, 2, 3}),
            (state(None, ["readonly"], [], [told], [untold]), {1}, {2}),
            (state(None, ["writeonly"], [told, untold], []), {0}, {0}),
            (gone, set(), set()),
        ):
            foretold, done = iam.apply(check_mode=True, **declared), iam.apply(**declared)
            assert done["changed"] and foretold["diff"] == done["diff"]
            assert not iam.apply(**declared)["changed"]
            for group, members in ((told, first), (untold, second)):
                found = iam.exported("groups").get(group, {}).get("members")
                assert (found or []) == [names[number] for number in sorted(members)]
    finally:
        iam.apply(**gone)


def test_only_what_differs_is_written(iam: Iam) -> None:
    iam.apply(**iam.declared())
    attached = iam.exported("user_mappings")[iam.user]["updatedAt"]
    state = iam.declared(description="other")
    assert list(iam.apply(**state)["identities"]) == [f"service account {iam.account}"]
    assert iam.exported("user_mappings")[iam.user]["updatedAt"] == attached


def test_what_is_not_declared_is_left_alone(iam: Iam) -> None:
    iam.apply(**iam.declared(description="first", display_name="reader"))
    state = {
        "users": [{"name": iam.user}],
        "groups": [{"name": iam.group}],
        "service_accounts": [{"name": iam.account}],
    }
    assert not iam.apply(**state)["changed"]


def test_groups_are_listed(iam: Iam) -> None:
    iam.apply(**iam.declared())
    listed = iam.one("minio_info", gather=["groups"])["groups"]
    group = {"name": iam.group, "members": [iam.user], "policies": [iam.policy], "enabled": True}
    assert [each for each in listed if each["name"] == iam.group] == [group]


# Drift ----------------------------------------------------------------------------------------------------------------


def _widen(iam: Iam) -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}]}
    iam.by_hand(policies={iam.policy: {"Version": "2012-10-17", **document}})


def _detach(iam: Iam) -> None:
    iam.by_hand(user_mappings={iam.user: {"version": 1, "policy": ""}})


def _attach_more(iam: Iam) -> None:
    iam.by_hand(user_mappings={iam.user: {"version": 1, "policy": f"readwrite,{iam.policy}"}})


def _change_user_secret(iam: Iam) -> None:
    iam.by_hand(users={iam.user: {"secretKey": OTHER_SECRET, "status": "enabled"}})


def _disable_user(iam: Iam) -> None:
    iam.by_hand(users={iam.user: {"secretKey": SECRET, "status": "disabled"}})


def _join_group(iam: Iam) -> None:
    iam.by_hand(users={f"{iam.user}-2": {"secretKey": SECRET, "status": "enabled"}})
    iam.update_group(f"{iam.user}-2", remove=False)


def _leave_group(iam: Iam) -> None:
    iam.update_group(iam.user, remove=True)


def _attach_to_group(iam: Iam) -> None:
    iam.by_hand(group_mappings={iam.group: {"version": 1, "policy": f"readwrite,{iam.policy}"}})


def _detach_from_group(iam: Iam) -> None:
    iam.by_hand(group_mappings={iam.group: {"version": 1, "policy": ""}})


def _disable_group(iam: Iam) -> None:
    iam.call("PUT", "set-group-status", {"group": iam.group, "status": "disabled"})


def _remove_group(iam: Iam) -> None:
    iam.update_group(iam.user, remove=True)
    iam.update_group(remove=True)


def _change_account_secret(iam: Iam) -> None:
    iam.update_account(newSecretKey=OTHER_SECRET)


def _disable_account(iam: Iam) -> None:
    iam.update_account(newStatus="off")


def _let_account_expire(iam: Iam) -> None:
    iam.update_account(newExpiration=in_days(3))


def _drop_account_policy(iam: Iam) -> None:
    iam.update_account(newPolicy=None)


def _delete_account(iam: Iam) -> None:
    iam.call("DELETE", "delete-service-account", {"accessKey": iam.account})


@pytest.mark.parametrize(
    ("by_hand", "kind", "field"),
    [
        (_widen, "policy", "document"),
        (_detach, "user", "policies"),
        (_attach_more, "user", "policies"),
        (_change_user_secret, "user", "secret"),
        (_disable_user, "user", "enabled"),
        (_join_group, "group", "members"),
        (_leave_group, "group", "members"),
        (_attach_to_group, "group", "policies"),
        (_detach_from_group, "group", "policies"),
        (_disable_group, "group", "enabled"),
        (_remove_group, "group", None),
        (_change_account_secret, "service account", "secret"),
        (_disable_account, "service account", "enabled"),
        (_let_account_expire, "service account", "expires"),
        (_drop_account_policy, "service account", "policy"),
        (_delete_account, "service account", None),
    ],
)
def test_drift_is_found_and_repaired_exactly(
    iam: Iam, by_hand: t.Callable[[Iam], None], kind: str, field: str | None
) -> None:
    state = iam.declared()
    iam.apply(**state)
    before = iam.entry()["sessionPolicy"]
    by_hand(iam)
    seen = iam.apply(check_mode=True, **state)["diff"]
    (where,) = seen["after"]
    assert where.startswith(kind)
    if field is None:
        assert seen["before"][where] is None
    else:
        after, found = seen["after"][where], seen["before"][where]
        assert [key for key in after if after[key] != found.get(key)] == [field]
    assert iam.apply(**state)["changed"]
    assert not iam.apply(**state)["changed"]
    assert canonical(iam.entry()["sessionPolicy"]) == canonical(before)
    assert (iam.entry()["status"], iam.entry()["secretKey"]) == ("on", SECRET)
    iam.apply(users=[{"name": f"{iam.user}-2", "state": "absent"}])


def test_the_same_policy_in_another_form_is_no_drift(iam: Iam) -> None:
    one = {"Sid": "one", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::a/*"}
    two = {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"],
        "Condition": {"StringLike": {"s3:prefix": ["x/*", "y/*"]}},
    }
    forms = [{"Statement": random.sample([one, two], 2)} for _again in range(4)]
    forms.append({"Version": "2012-10-17", "Id": "x", "Statement": [two, {**one, "Action": one["Action"][::-1]}]})
    assert iam.one("minio_policy", name=iam.policy, document=forms[0])["changed"]
    for form in forms[1:]:
        assert not iam.one("minio_policy", name=iam.policy, document=form)["changed"]
        assert not iam.one("minio_policy", name=iam.policy, document=json.dumps(form))["changed"]
    iam.by_hand(policies={iam.policy: {"Version": "2012-10-17", "Statement": [two, one]}})
    assert not iam.one("minio_policy", name=iam.policy, document=forms[0])["changed"]
