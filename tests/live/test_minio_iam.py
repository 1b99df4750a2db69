"""minio_iam and its modules for one item against the real server, and each trap that the server lays."""

from __future__ import annotations

import dataclasses
import datetime
import json
import random
import typing as t
import uuid

import boto3
import pytest
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.policy import canonical
from botocore.config import Config
from botocore.exceptions import ClientError

RunModule = t.Callable[..., dict[str, t.Any]]

SECRET, OTHER_SECRET = "a-secret-of-a-test", "another-secret-of-it"
READ = [{"bucket": "test-bucket", "mode": "read"}]
WRITE = [{"bucket": "test-bucket", "mode": "read-write"}]


@dataclasses.dataclass
class Iam:
    """One team of identities for one test: a user, a policy attached to it, a service account of it."""

    run_module: RunModule
    minio: t.Any
    user: str
    policy: str
    account: str

    def connection(self) -> dict[str, str]:
        return {
            "endpoint": self.minio.endpoint,
            "access_key": self.minio.access_key,
            "secret_key": self.minio.secret_key,
        }

    def admin(self, root: bool = False) -> Admin:
        return Admin(self._as(*self._key(root)), read_only=False)

    def _key(self, root: bool) -> tuple[str, str]:
        if root:
            return self.minio.root_user, self.minio.root_password
        return self.minio.access_key, self.minio.secret_key

    def _as(self, access_key: str, secret_key: str) -> Connection:
        return Connection(self.minio.endpoint, access_key, secret_key, "us-east-1", True, 5.0)

    def apply(self, check_mode: bool = False, **kinds: t.Any) -> dict[str, t.Any]:
        return self.run_module("minio_iam", check_mode=check_mode, **self.connection(), **kinds)

    def one(self, module: str, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        return self.run_module(module, check_mode=check_mode, **self.connection(), **options)

    def by_hand(self, **entries: t.Any) -> None:
        """Import something behind the modules' back."""
        stored = Identities(self.admin())
        for file, items in entries.items():
            for name, entry in items.items():
                stored.put(file, name, entry)
        stored.send()

    def exported(self, file: str) -> dict[str, t.Any]:
        return Identities(self.admin()).of(file)

    def entry(self) -> dict[str, t.Any]:
        return self.exported("svcaccts")[self.account]

    def s3(self, access_key: str, secret_key: str) -> t.Any:
        return boto3.client(
            "s3",
            endpoint_url=self.minio.endpoint,
            region_name="us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def declared(self, **account: t.Any) -> dict[str, t.Any]:
        own = {"name": self.account, "parent": self.user, "secret": SECRET, "access": READ}
        return {
            "policies": [{"name": self.policy, "access": WRITE}],
            "users": [{"name": self.user, "secret": SECRET, "policies": [self.policy]}],
            "service_accounts": [{**own, **account}],
        }

    def gone(self) -> dict[str, t.Any]:
        return {
            "policies": [{"name": self.policy, "state": "absent"}],
            "users": [{"name": self.user, "state": "absent"}],
            "service_accounts": [{"name": self.account, "state": "absent"}],
        }


@pytest.fixture
def iam(run_module: RunModule, minio: t.Any) -> t.Iterator[Iam]:
    word = uuid.uuid4().hex[:8]
    made = Iam(run_module, minio, f"user-{word}", f"policy-{word}", f"account-{word}")
    yield made
    made.apply(**made.gone())


def refusal(error: ClientError) -> str:
    return t.cast(str, error.response["Error"]["Code"])


# The whole state ------------------------------------------------------------------------------------------------------


def test_life(iam: Iam) -> None:
    modified = iam.declared(secret=OTHER_SECRET, access=WRITE, description="other", enabled=False)
    modified["policies"][0]["access"] = READ
    modified["users"][0].update(secret=OTHER_SECRET, policies=["readonly"], enabled=False)
    for state in (iam.declared(description="first"), modified, iam.gone()):
        foretold = iam.apply(check_mode=True, **state)
        done = iam.apply(**state)
        assert set(done["identities"]) == {f"policy {iam.policy}", f"user {iam.user}", f"service account {iam.account}"}
        assert foretold["changed"] and done["changed"]
        assert foretold["diff"]["before"] == done["diff"]["before"]
        assert set(foretold["diff"]["after"]) == set(done["diff"]["after"])
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


def test_only_what_differs_is_written(iam: Iam) -> None:
    iam.apply(**iam.declared())
    attached = iam.exported("user_mappings")[iam.user]["updatedAt"]
    state = iam.declared(description="other")
    assert list(iam.apply(**state)["identities"]) == [f"service account {iam.account}"]
    assert iam.exported("user_mappings")[iam.user]["updatedAt"] == attached


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


def _update_account(iam: Iam, **body: t.Any) -> None:
    kept = {"newPolicy": iam.entry()["sessionPolicy"], **body}
    admin = iam.admin()
    body = {key: value for key, value in kept.items() if value is not None}
    admin.call("POST", "update-service-account", {"accessKey": iam.account}, body=admin.encrypted(body))


def _change_account_secret(iam: Iam) -> None:
    _update_account(iam, newSecretKey=OTHER_SECRET)


def _disable_account(iam: Iam) -> None:
    _update_account(iam, newStatus="off")


def _let_account_expire(iam: Iam) -> None:
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3)
    _update_account(iam, newExpiration=later.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _drop_account_policy(iam: Iam) -> None:
    _update_account(iam, newPolicy=None, newDescription="")


def _delete_account(iam: Iam) -> None:
    iam.admin().call("DELETE", "delete-service-account", {"accessKey": iam.account})


@pytest.mark.parametrize(
    ("by_hand", "kind", "field"),
    [
        (_widen, "policy", "document"),
        (_detach, "user", "policies"),
        (_attach_more, "user", "policies"),
        (_change_user_secret, "user", "secret"),
        (_disable_user, "user", "enabled"),
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
    before = iam.exported("svcaccts")[iam.account]["sessionPolicy"]
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


# One item -------------------------------------------------------------------------------------------------------------


def _life_of_one(iam: Iam, module: str, key: str, *states: dict[str, t.Any]) -> None:
    for options in states:
        foretold = iam.one(module, check_mode=True, **options)
        done = iam.one(module, **options)
        assert foretold["changed"] and done["changed"]
        assert not iam.one(module, check_mode=True, **options)["changed"]
        again = iam.one(module, **options)
        assert not again["changed"]
        assert again[key] == done[key], "the whole state is told, changed or not"


def test_life_of_a_policy(iam: Iam) -> None:
    name = {"name": iam.policy}
    _life_of_one(iam, "minio_policy", "policy", *({**name, **more} for more in ({"access": READ}, {"access": WRITE})))
    _life_of_one(iam, "minio_policy", "policy", {**name, "state": "absent"})


def test_life_of_a_user(iam: Iam) -> None:
    declared = {"name": iam.user, "secret": SECRET, "policies": ["readonly"]}
    modified = {"name": iam.user, "secret": OTHER_SECRET, "policies": [], "enabled": False}
    _life_of_one(iam, "minio_user", "user", declared, modified, {"name": iam.user, "state": "absent"})


def test_life_of_a_service_account(iam: Iam) -> None:
    iam.apply(users=iam.declared()["users"][:1], policies=iam.declared()["policies"])
    declared = {"name": iam.account, "parent": iam.user, "secret": SECRET, "access": READ, "display_name": "reader"}
    expires = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    modified = {**declared, "access": WRITE, "expires": expires, "enabled": False, "description": "a writer"}
    gone = {"name": iam.account, "state": "absent"}
    _life_of_one(iam, "minio_svcacct", "service_account", declared, modified, gone)


# Traps ----------------------------------------------------------------------------------------------------------------


def test_an_update_keeps_the_policy(iam: Iam) -> None:
    iam.apply(**iam.declared())
    inline = iam.entry()["sessionPolicy"]
    assert iam.one("minio_svcacct", name=iam.account, description="other")["changed"]
    assert iam.one("minio_svcacct", name=iam.account, enabled=False)["changed"]
    assert iam.one("minio_svcacct", name=iam.account, enabled=True)["changed"]
    assert canonical(iam.entry()["sessionPolicy"]) == canonical(inline)
    assert iam.entry()["claims"]["sa-policy"] == "embedded-policy"


def test_a_disabled_account_is_never_open(iam: Iam, monkeypatch: pytest.MonkeyPatch) -> None:
    """The import makes it enabled: until it is disabled, the declared secret must not open it."""
    tried: list[str] = []
    real = Admin.call

    def trying(self: Admin, method: str, name: str, *rest: t.Any, **more: t.Any) -> bytes:
        if name == "update-service-account":
            with pytest.raises(ClientError) as error:
                iam.s3(iam.account, SECRET).list_objects_v2(Bucket="test-bucket")
            tried.append(refusal(error.value))
        return real(self, method, name, *rest, **more)

    monkeypatch.setattr(Admin, "call", trying)
    iam.apply(**iam.declared(enabled=False))
    assert tried == ["SignatureDoesNotMatch"]
    assert iam.entry()["status"] == "off"
    monkeypatch.undo()
    assert iam.apply(**iam.declared(enabled=True))["changed"]
    with pytest.raises(ClientError) as error:
        iam.s3(iam.account, SECRET).list_objects_v2(Bucket="test-bucket")
    assert refusal(error.value) == "NoSuchBucket"


def test_a_policy_that_would_be_inherited_is_refused(iam: Iam) -> None:
    state = iam.declared(access=None)
    with pytest.raises(Exception, match=f"service account {iam.account} would inherit all that its parent may do"):
        iam.apply(**state)
    assert iam.user not in iam.exported("users"), "nothing was written"
    iam.apply(**iam.declared())
    _drop_account_policy(iam)
    with pytest.raises(Exception, match="would inherit all"):
        iam.one("minio_svcacct", check_mode=True, name=iam.account, description="x")


def test_an_account_of_root_is_refused(iam: Iam) -> None:
    """The recipe `svcacct add local admin --access-key platform` makes a full administrator."""
    admin = iam.admin(root=True)
    body = admin.encrypted({"accessKey": iam.account, "secretKey": SECRET})
    admin.call("PUT", "add-service-account", body=body)
    with pytest.raises(Exception, match=f"has the parent {iam.minio.root_user}, which is not a user"):
        iam.apply(**iam.declared())
    state = iam.declared(parent=iam.minio.root_user, name=f"{iam.account}2")
    with pytest.raises(Exception, match=f"has the parent {iam.minio.root_user}, which is not a user"):
        iam.apply(**state)


def test_a_parent_that_does_not_exist_is_refused(iam: Iam) -> None:
    with pytest.raises(Exception, match="has the parent nobody-here, which is not a user"):
        iam.apply(check_mode=True, **iam.declared(parent="nobody-here"))


def test_another_parent_is_refused(iam: Iam) -> None:
    iam.apply(**iam.declared())
    with pytest.raises(Exception, match=f"service account {iam.account}: parent is '{iam.user}' and cannot become"):
        iam.apply(**iam.declared(parent=iam.minio.access_key))


def test_an_illegal_value_does_not_cost_the_account(iam: Iam) -> None:
    """An import removes the account first and then finds that it cannot make it anew."""
    iam.apply(**iam.declared())
    far = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=400)).isoformat()
    long = [{"bucket": f"bucket-{number}", "prefix": f"folder-{number}", "mode": "read"} for number in range(99)]
    for illegal, said in (
        ({"secret": "x" * 41}, "at most 40 characters"),
        ({"secret": "short"}, "at least 8 characters"),
        ({"expires": far}, "MinIO takes 15 minutes to 365 days from now"),
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


def test_an_expired_account_is_an_absent_one(iam: Iam) -> None:
    iam.apply(**iam.declared())
    assert iam.apply(**iam.declared(expires="2020-01-01"))["identities"] == {f"service account {iam.account}": None}
    assert not iam.apply(**iam.declared(expires="2020-01-01"))["changed"]


def test_a_secret_is_left_alone_on_request(iam: Iam) -> None:
    state = iam.declared()
    iam.apply(**state, update_secret="on_create")
    _change_account_secret(iam)
    _change_user_secret(iam)
    assert not iam.apply(**state, update_secret="on_create")["changed"]
    assert iam.apply(**iam.declared(description="x"), update_secret="on_create")["changed"]
    assert iam.entry()["secretKey"] == OTHER_SECRET


def test_an_unknown_policy_is_refused(iam: Iam) -> None:
    state = iam.declared()
    state["users"][0]["policies"] = ["no-such-policy"]
    with pytest.raises(Exception, match="shall have the policy no-such-policy, which does not exist"):
        iam.apply(**state)


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


def test_what_others_need_is_not_removed(iam: Iam) -> None:
    iam.apply(**iam.declared())
    for check_mode in (True, False):
        with pytest.raises(Exception, match=f"policy {iam.policy} is attached to the user {iam.user}"):
            iam.one("minio_policy", check_mode=check_mode, name=iam.policy, state="absent")
        with pytest.raises(Exception, match=f"MinIO would remove its service accounts {iam.account}"):
            iam.one("minio_user", check_mode=check_mode, name=iam.user, state="absent")


def test_who_makes_the_call_is_never_changed(iam: Iam) -> None:
    caller = iam.minio.access_key
    for options in ({"state": "absent"}, {"enabled": False}, {"policies": ["readonly"]}, {"secret": OTHER_SECRET}):
        with pytest.raises(Exception, match=f"user {caller} would change, but it makes this call"):
            iam.one("minio_user", name=caller, **options)
    assert not iam.one("minio_user", name=caller, secret=iam.minio.secret_key, policies=["administrator"])["changed"]


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
        iam.run_module("minio_iam", **{**iam.connection(), "secret_key": OTHER_SECRET})


# What a grant really allows -------------------------------------------------------------------------------------------


def test_access_allows_what_it_says_and_nothing_else(iam: Iam) -> None:
    admin = iam.s3(iam.minio.access_key, iam.minio.secret_key)
    mine, other = f"mine-{uuid.uuid4().hex[:8]}", f"other-{uuid.uuid4().hex[:8]}"
    for bucket in (mine, other):
        admin.create_bucket(Bucket=bucket)
        for key in ("churn/a", "churn2/a", "top"):
            admin.put_object(Bucket=bucket, Key=key, Body=b"x")
    outer = [{"bucket": mine, "mode": "read-write", "delete": True}, {"bucket": other, "mode": "read-write"}]
    state = iam.declared(access=[{"bucket": mine, "prefix": "churn", "mode": "read-write"}])
    state["policies"][0]["access"] = outer
    try:
        iam.apply(**state)
        key = iam.s3(iam.account, SECRET)
        assert key.get_object(Bucket=mine, Key="churn/a")["Body"].read() == b"x"
        key.put_object(Bucket=mine, Key="churn/b", Body=b"y")
        listed = key.list_objects_v2(Bucket=mine, Prefix="churn/")["Contents"]
        assert [each["Key"] for each in listed] == ["churn/a", "churn/b"]
        key.get_bucket_location(Bucket=mine)
        for denied in (
            lambda: key.get_object(Bucket=mine, Key="churn2/a"),
            lambda: key.get_object(Bucket=mine, Key="top"),
            lambda: key.put_object(Bucket=mine, Key="churn2/b", Body=b"y"),
            lambda: key.delete_object(Bucket=mine, Key="churn/a"),
            lambda: key.list_objects_v2(Bucket=mine),
            lambda: key.list_objects_v2(Bucket=mine, Prefix="churn2/"),
            lambda: key.get_object(Bucket=other, Key="churn/a"),
            lambda: key.list_objects_v2(Bucket=other),
            lambda: key.create_bucket(Bucket=f"{mine}-2"),
        ):
            with pytest.raises(ClientError) as error:
                denied()
            assert refusal(error.value) == "AccessDenied"
        iam.apply(**{**state, "service_accounts": iam.declared(access=outer[:1])["service_accounts"]})
        key.delete_object(Bucket=mine, Key="churn/a")
    finally:
        for bucket in (mine, other):
            for each in admin.list_objects_v2(Bucket=bucket).get("Contents", ()):
                admin.delete_object(Bucket=bucket, Key=each["Key"])
            admin.delete_bucket(Bucket=bucket)
