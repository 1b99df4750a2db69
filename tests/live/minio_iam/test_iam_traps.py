"""What the server takes without complaint and should not, or does not do and says it did."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from identities_of_a_test import OTHER_SECRET, READ, SECRET, Iam, in_days


def test_a_disabled_account_is_never_open(iam: Iam, monkeypatch: pytest.MonkeyPatch) -> None:
    """The import makes it enabled: until it is disabled, the declared secret must not open it."""
    tried: list[str] = []
    real = Admin.call

    def trying(self: Admin, method: str, name: str, *rest: t.Any, **more: t.Any) -> bytes:
        if name == "update-service-account":
            tried.append(iam.answer(iam.account, SECRET))
        return real(self, method, name, *rest, **more)

    monkeypatch.setattr(Admin, "call", trying)
    iam.apply(**iam.declared(enabled=False))
    assert tried == ["SignatureDoesNotMatch"]
    assert iam.entry()["status"] == "off"
    monkeypatch.undo()
    assert iam.apply(**iam.declared(enabled=True))["changed"]
    assert iam.answer(iam.account, SECRET) == "NoSuchBucket"


def test_a_disabled_group_never_gives(iam: Iam, monkeypatch: pytest.MonkeyPatch) -> None:
    """The import makes it enabled, and only a later call disables it."""
    state = {"policies": iam.declared()["policies"], "users": [{"name": iam.user, "secret": SECRET}]}
    iam.apply(**state)
    tried: list[str] = []
    real = Admin.call

    def trying(self: Admin, method: str, name: str, *rest: t.Any, **more: t.Any) -> bytes:
        told = real(self, method, name, *rest, **more)
        tried.append(iam.answer(iam.user, SECRET))
        return told

    monkeypatch.setattr(Admin, "call", trying)
    group = {"name": iam.group, "members": [iam.user], "policies": [iam.policy]}
    iam.apply(**state, groups=[{**group, "enabled": False}])
    assert len(tried) == 5 and set(tried) == {"AccessDenied"}
    monkeypatch.undo()
    iam.apply(groups=[group])
    assert iam.answer(iam.user, SECRET) == "NoSuchBucket"
    iam.apply(groups=[{**group, "enabled": False}])
    assert iam.answer(iam.user, SECRET) == "AccessDenied"


def test_who_is_in_a_disabled_group_may_do_nothing(iam: Iam) -> None:
    """Whatever its own policies allow."""
    state = iam.declared()
    iam.apply(**state)
    state["groups"][0]["enabled"] = False
    iam.apply(**state)
    assert {iam.answer(iam.user, SECRET), iam.answer(iam.account, SECRET)} == {"AccessDenied"}


def test_members_leave_before_a_group_works_again(iam: Iam) -> None:
    state = iam.declared()
    state["users"][0]["policies"] = []
    state["groups"][0]["enabled"] = False
    iam.apply(**state)
    state["groups"][0].update(enabled=True, members=[])
    iam.apply(**state)
    assert iam.answer(iam.user, SECRET) == "AccessDenied"
    assert not iam.apply(**state)["changed"]


def test_a_user_leaves_its_group_and_goes(iam: Iam) -> None:
    iam.apply(**iam.declared())
    state = {**iam.gone(), "policies": iam.declared()["policies"], "groups": [{"name": iam.group, "members": []}]}
    iam.apply(**state)
    assert not iam.apply(**state)["changed"]
    assert iam.exported("groups")[iam.group]["members"] in (None, [])


def test_attachments_that_the_server_kept_for_a_name_are_not_inherited(iam: Iam) -> None:
    """It keeps those of a name that nobody has, for whoever comes."""
    left = {"version": 1, "policy": "readwrite"}
    iam.by_hand(user_mappings={iam.user: left})
    iam.apply(users=[{"name": iam.user, "secret": SECRET}], groups=[{"name": iam.group}])
    iam.by_hand(group_mappings={iam.group: left})
    iam.apply(groups=[{"name": iam.group, "state": "absent"}])
    iam.apply(groups=[{"name": iam.group, "members": [iam.user]}])
    assert iam.answer(iam.user, SECRET) == "AccessDenied"
    assert iam.user not in iam.exported("user_mappings")


def test_a_disabled_user_stays_disabled(iam: Iam) -> None:
    """Setting a secret enables a user."""
    user = {"name": iam.user, "secret": SECRET, "enabled": False}
    iam.apply(users=[user])
    iam.apply(users=[{**user, "secret": OTHER_SECRET}])
    assert iam.answer(iam.user, OTHER_SECRET) == "InvalidAccessKeyId"


@pytest.mark.parametrize("none", [{"access": None}, {"access": None, "policy": {}}, {"access": None, "policy": ""}])
def test_a_policy_that_would_be_inherited_is_refused(iam: Iam, none: dict[str, t.Any]) -> None:
    state = iam.declared(**none)
    with pytest.raises(Exception, match=f"service account {iam.account} would inherit all that its parent may do"):
        iam.apply(**state)
    assert iam.user not in iam.exported("users"), "nothing was written"
    iam.apply(**iam.declared())
    iam.update_account(newPolicy=None)
    with pytest.raises(Exception, match="would inherit all"):
        iam.one("minio_svcacct", check_mode=True, name=iam.account, description="x")


def test_a_policy_is_inherited_on_request(iam: Iam) -> None:
    accepted = iam.declared(access=None, accept=["inherited_policy"], description="first")
    iam.apply(**accepted)
    assert iam.entry()["claims"]["sa-policy"] == "inherited-policy"
    assert not iam.apply(**accepted)["changed"]
    assert iam.one("minio_svcacct", name=iam.account, accept=["inherited_policy"], enabled=False)["changed"]
    assert iam.entry()["claims"]["sa-policy"] == "inherited-policy"
    iam.apply(**iam.declared())
    assert not iam.apply(**{**accepted, **iam.declared(access=None)})["changed"], "no policy named, none taken away"
    taken = iam.one("minio_svcacct", name=iam.account, accept=["inherited_policy"], policy={})
    assert taken["service_account"]["policy"] == "inherited from the parent"
    assert iam.entry()["secretKey"] == SECRET
    with pytest.raises(Exception, match="which is not a user"):
        iam.apply(**iam.declared(name=f"{iam.account}2", parent="nobody-here", accept=["inherited_policy"]))


def test_an_account_of_root_is_refused(iam: Iam) -> None:
    """The recipe `svcacct add local admin --access-key platform` makes a full administrator."""
    admin = iam.admin(root=True)
    body = admin.encrypted({"accessKey": iam.account, "secretKey": SECRET})
    admin.call("PUT", "add-service-account", body=body)
    with pytest.raises(Exception, match=f"belongs to an account of {iam.minio.root_user} and not of {iam.user}"):
        iam.apply(**iam.declared())
    with pytest.raises(Exception, match=f"has the parent {iam.minio.root_user}, which is not a user"):
        iam.one("minio_svcacct", name=iam.account, access=READ)
    with pytest.raises(Exception, match="would inherit all"):
        iam.one("minio_svcacct", name=iam.account, accept=["root_parent"])
    state = iam.declared(parent=iam.minio.root_user, name=f"{iam.account}2")
    with pytest.raises(Exception, match=f"has the parent {iam.minio.root_user}, which is not a user"):
        iam.apply(**state)


def test_an_account_of_root_is_made_on_request(iam: Iam) -> None:
    state = {"service_accounts": iam.declared(parent=iam.minio.root_user)["service_accounts"]}
    (account,) = state["service_accounts"]
    with pytest.raises(Exception, match="which is not a user"):
        iam.apply(service_accounts=[{**account, "accept": ["unknown_parent", "inherited_policy"]}])
    account["accept"] = ["root_parent"]
    assert iam.apply(**state)["changed"]
    assert not iam.apply(**state)["changed"]
    assert iam.entry()["parent"] == iam.minio.root_user
    assert iam.answer(iam.account, SECRET) == "NoSuchBucket"


def test_a_parent_that_does_not_exist_is_refused_unless_accepted(iam: Iam) -> None:
    for accept in ([], ["root_parent", "inherited_policy"]):
        with pytest.raises(Exception, match="has the parent nobody-here, which is not a user"):
            iam.apply(check_mode=True, **iam.declared(parent="nobody-here", accept=accept))
    state = {"service_accounts": iam.declared(parent="nobody-here", accept=["unknown_parent"])["service_accounts"]}
    assert iam.apply(**state)["changed"]
    assert not iam.apply(**state)["changed"]


def test_an_access_key_that_another_parent_has_taken_is_refused(iam: Iam) -> None:
    iam.apply(**iam.declared())
    with pytest.raises(Exception, match=f"belongs to an account of {iam.user} and not of {iam.minio.access_key}"):
        iam.apply(**iam.declared(parent=iam.minio.access_key))


def test_an_illegal_value_does_not_cost_the_account(iam: Iam) -> None:
    """An import removes the account first and then finds that it cannot make it anew."""
    iam.apply(**iam.declared())
    long = [{"bucket": f"bucket-{number}", "prefix": f"folder-{number}", "mode": "read"} for number in range(99)]
    for illegal, said in (
        ({"secret": "x" * 41}, "at most 40 characters"),
        ({"secret": "short"}, "at least 8 characters"),
        ({"expires": in_days(400)}, "MinIO takes 15 minutes to 365 days from now"),
        ({"access": long}, "the server takes 4096"),
        ({"display_name": "x" * 33}, "longer than 32 bytes"),
    ):
        for check_mode in (True, False):
            with pytest.raises(Exception, match=said):
                iam.apply(check_mode=check_mode, **iam.declared(**illegal))
    assert iam.entry()["secretKey"] == SECRET


def test_a_failed_part_of_an_import_is_an_error(iam: Iam) -> None:
    with pytest.raises(Exception, match="MinIO did not import xy"):
        iam.by_hand(users={"xy": {"secretKey": SECRET, "status": "enabled"}})


@pytest.mark.parametrize("length", [250, 251])
def test_names_that_are_too_long_for_a_file(iam: Iam, length: int) -> None:
    """The server makes the user, and then cannot keep what is attached to it."""
    name = iam.user.ljust(length, "x")
    user = {"name": name, "secret": SECRET, "policies": ["readonly"]}
    if length > 250:
        with pytest.raises(Exception, match="a name has at most 250 bytes"):
            iam.one("minio_user", **user)
        with pytest.raises(Exception, match=f"MinIO did not import {name}"):
            iam.by_hand(user_mappings={name: {"version": 1, "policy": "readonly"}})
    else:
        assert iam.one("minio_user", **user)["changed"]
        iam.one("minio_user", name=name, state="absent")


def test_an_expired_account_is_an_absent_one(iam: Iam) -> None:
    iam.apply(**iam.declared())
    assert iam.apply(**iam.declared(expires="2020-01-01"))["identities"] == {f"service account {iam.account}": None}
    assert not iam.apply(**iam.declared(expires="2020-01-01"))["changed"]


def test_a_secret_is_left_alone_on_request(iam: Iam) -> None:
    state = iam.declared()
    iam.apply(**state, update_secret="on_create")
    iam.update_account(newSecretKey=OTHER_SECRET)
    iam.by_hand(users={iam.user: {"secretKey": OTHER_SECRET, "status": "enabled"}})
    assert not iam.apply(**state, update_secret="on_create")["changed"]
    assert iam.apply(**iam.declared(description="x"), update_secret="on_create")["changed"]
    assert iam.entry()["secretKey"] == OTHER_SECRET
    alone = iam.declared(description="x", update_secret="on_create")
    assert list(iam.apply(**alone)["identities"]) == [f"user {iam.user}"]


# What is wrong with a declaration -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "wrong", "said"),
    [
        ("users", {"policies": ["no-such-policy"]}, "shall have the policy no-such-policy, which does not exist"),
        ("groups", {"policies": ["no-such-policy"]}, "shall have the policy no-such-policy, which does not exist"),
        ("groups", {"members": ["nobody-here"]}, "shall have the member nobody-here, which does not exist"),
    ],
)
def test_what_does_not_exist_cannot_be_used(iam: Iam, kind: str, wrong: dict[str, t.Any], said: str) -> None:
    state = iam.declared()
    state[kind][0].update(wrong)
    for check_mode in (True, False):
        with pytest.raises(Exception, match=said):
            iam.apply(check_mode=check_mode, **state)
    assert iam.policy not in iam.exported("policies"), "nothing was written"


def test_a_service_account_cannot_be_in_a_group(iam: Iam) -> None:
    iam.apply(**iam.declared())
    with pytest.raises(Exception, match=f"shall have the member {iam.account}, which does not exist"):
        iam.one("minio_group", name=iam.group, members=[iam.account])


def test_an_unknown_action_is_refused(iam: Iam) -> None:
    """An import takes it without complaint."""
    statement = {"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::a/*"}
    with pytest.raises(Exception, match="there is no action s3:GetObjekt; the nearest is s3:GetObject"):
        iam.one("minio_policy", name=iam.policy, document={"Statement": [statement]})


def test_an_access_key_of_somebody_else_is_refused(iam: Iam) -> None:
    iam.apply(**iam.declared())
    with pytest.raises(Exception, match=f"its access key belongs to the user {iam.user}"):
        iam.one("minio_svcacct", name=iam.user[:20], parent=iam.minio.access_key, secret=SECRET, access=READ)
    with pytest.raises(Exception, match=f"its access key belongs to the service account {iam.account}"):
        iam.one("minio_user", name=iam.account, secret=SECRET)
    state = iam.declared(name=iam.user)
    with pytest.raises(Exception, match=f"its access key belongs to the service account {iam.user}"):
        iam.apply(check_mode=True, **state)


def test_what_others_need_is_not_removed(iam: Iam) -> None:
    iam.apply(**iam.declared())
    for check_mode in (True, False):
        with pytest.raises(
            Exception, match=f"policy {iam.policy} cannot be removed: it is attached to the user {iam.user}"
        ):
            iam.one("minio_policy", check_mode=check_mode, name=iam.policy, state="absent")
        with pytest.raises(Exception, match=f"MinIO would remove its service accounts {iam.account}"):
            iam.one("minio_user", check_mode=check_mode, name=iam.user, state="absent")
    gone = {"users": iam.gone()["users"], "service_accounts": iam.gone()["service_accounts"]}
    with pytest.raises(Exception, match=f"cannot be removed: it is attached to the group {iam.group}"):
        iam.apply(**gone, policies=iam.gone()["policies"])
    with pytest.raises(Exception, match="policy readonly cannot be removed: it is built in"):
        iam.one("minio_policy", name="readonly", state="absent")


def test_who_makes_the_call_is_never_changed(iam: Iam) -> None:
    caller = iam.minio.access_key
    for options in ({"enabled": False}, {"policies": ["readonly"]}, {"secret": OTHER_SECRET}):
        with pytest.raises(Exception, match=f"user {caller} would change, but it makes this call"):
            iam.one("minio_user", name=caller, **options)
    with pytest.raises(Exception, match=f"user {caller} cannot be removed: it makes this call"):
        iam.one("minio_user", name=caller, state="absent")
    assert not iam.one("minio_user", name=caller, secret=iam.minio.secret_key, policies=["administrator"])["changed"]
    iam.one("minio_group", name=iam.group, members=[caller])
    for lockout in ({"enabled": False}, {"enabled": False, "members": [caller]}):
        with pytest.raises(Exception, match=f"group {iam.group} cannot be disabled: who makes this call is a member"):
            iam.one("minio_group", name=iam.group, **lockout)
    with pytest.raises(Exception, match=f"group {iam.group} cannot be removed: who makes this call is a member of it"):
        iam.one("minio_group", name=iam.group, state="absent")
    iam.one("minio_group", name=iam.group, members=[])


def test_an_account_that_makes_the_call_and_its_parent_are_never_changed(iam: Iam) -> None:
    state = iam.declared(access=None, accept=["inherited_policy"])
    state["users"][0]["policies"] = ["consoleAdmin"]
    iam.apply(**state)
    key = {"access_key": iam.account, "secret_key": SECRET}
    with pytest.raises(Exception, match=f"user {iam.user} would change, but it makes this call"):
        iam.apply(**key, users=[{"name": iam.user, "enabled": False}])
    with pytest.raises(Exception, match=f"user {iam.user} cannot be removed: it makes this call"):
        iam.apply(**key, users=[{"name": iam.user, "state": "absent"}])
    with pytest.raises(Exception, match=f"service account {iam.account} cannot be removed: it makes this call"):
        iam.apply(**key, service_accounts=[{"name": iam.account, "state": "absent"}])


def test_root_is_never_touched(iam: Iam) -> None:
    root = {"access_key": iam.minio.root_user, "secret_key": iam.minio.root_password}
    with pytest.raises(Exception, match="has the name of the server's root"):
        iam.run_module("minio_user", **{**iam.connection(), **root}, name=iam.minio.root_user, secret=SECRET)
    with pytest.raises(Exception, match="Credential is not allowed to be same as admin access key"):
        iam.one("minio_user", name=iam.minio.root_user, secret=SECRET)


def test_a_name_is_declared_once(iam: Iam) -> None:
    state = iam.declared()
    state["users"] *= 2
    with pytest.raises(Exception, match=f"user {iam.user} is declared twice"):
        iam.apply(**state)


def test_a_wrong_password_of_the_caller_is_one_sentence(iam: Iam) -> None:
    with pytest.raises(Exception, match=f"the secret key given for {iam.minio.access_key} is wrong"):
        iam.apply(secret_key=OTHER_SECRET)
