"""minio_bucket against the real server: each field by itself, and each kind of drift."""

from __future__ import annotations

import json
import typing as t

import pytest
import requests
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin

RunModule = t.Callable[..., dict[str, t.Any]]

RULES = [
    {"id": "scratch", "prefix": "tmp/", "expire_days": 7},
    {"id": "by-tag", "tags": {"keep": "no"}, "expire_days": 1},
    {"id": "by-tags", "prefix": "runs/", "tags": {"keep": "no", "team": ""}, "noncurrent_days": 3, "enabled": False},
]
EVERYBODY_WRITES = {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject"}


@pytest.mark.parametrize(
    ("field", "created", "modified", "cleared"),
    [
        ("versioning", True, False, True),
        ("retention", {"mode": "governance", "days": 30}, {"mode": "compliance", "years": 1}, {}),
        ("quota", "10GiB", "500MB", "0"),
        ("tags", {"team": "churn"}, {"team": "vision", "stage": "dev"}, {}),
        ("keep_old_versions_days", 30, 90, 0),
        ("lifecycle", RULES, [*RULES[:2], {"id": "scratch-2", "prefix": "tmp/", "expire_days": 8}], []),
        ("anonymous", "download", "writing", "none"),
    ],
)
def test_life_of_a_field(
    bucket: RunModule,
    name: str,
    steps: t.Callable[..., None],
    field: str,
    created: t.Any,
    modified: t.Any,
    cleared: t.Any,
) -> None:
    if modified == "writing":
        modified = {"Statement": [{**EVERYBODY_WRITES, "Resource": f"arn:aws:s3:::{name}/inbox/*"}]}
    steps(bucket, [*({field: value} for value in (created, modified, cleared)), {"state": "absent"}])


DECLARED: dict[str, t.Any] = {
    "versioning": True,
    "quota": "10GiB",
    "tags": {"team": "churn"},
    "keep_old_versions_days": 30,
    "lifecycle": [{"id": "scratch", "prefix": "tmp/", "expire_days": 7}],
    "retention": {"mode": "governance", "days": 1},
}
MODIFIED = {
    "quota": "0",
    "tags": {},
    "keep_old_versions_days": 0,
    "lifecycle": [],
    "retention": {"mode": "compliance", "years": 2},
    "anonymous": "download",
}


def test_life_of_all_fields(bucket: RunModule, steps: t.Callable[..., None], s3: t.Any, name: str) -> None:
    steps(bucket, [DECLARED, MODIFIED, {"state": "absent"}])
    with pytest.raises(s3.exceptions.ClientError):
        s3.head_bucket(Bucket=name)


def test_what_is_declared_is_there(bucket: RunModule, s3: t.Any, admin: Admin, name: str) -> None:
    bucket(**DECLARED)
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "team", "Value": "churn"}]
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]}
    assert rules["keep-old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert rules["keep-old-versions"]["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    assert rules["scratch"]["Filter"] == {"Prefix": "tmp/"}
    locked = s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
    assert locked["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 1}
    assert json.loads(admin.call("GET", "get-bucket-quota", {"bucket": name}))["size"] == 10 * 2**30


def test_what_is_not_declared_is_left_alone(bucket: RunModule, s3: t.Any, name: str) -> None:
    bucket(**DECLARED, anonymous="download")
    before = bucket(**DECLARED, anonymous="download")["bucket"]
    assert not bucket(anonymous="unmanaged")["changed"]
    assert bucket(**DECLARED, anonymous="download", check_mode=True)["bucket"] == before
    assert s3.get_bucket_policy(Bucket=name)


def _change(s3: t.Any, operation: str, body: str) -> t.Callable[..., None]:
    """A request whose body boto3 has no words for."""

    def call(**arguments: t.Any) -> None:
        def replace(params: dict[str, t.Any], **_event: t.Any) -> None:
            params["body"] = body.encode()

        event = "before-call.s3." + "".join(word.capitalize() for word in operation.split("_"))
        s3.meta.events.register(event, replace)
        try:
            getattr(s3, operation)(**arguments)
        finally:
            s3.meta.events.unregister(event, replace)

    return call


def _raise_quota(_s3: t.Any, admin: Admin, name: str) -> None:
    admin.call("PUT", "set-bucket-quota", {"bucket": name}, body=b'{"quota":99,"size":99,"quotatype":"hard"}')


def _lift_quota(_s3: t.Any, admin: Admin, name: str) -> None:
    admin.call("PUT", "set-bucket-quota", {"bucket": name}, body=b"{}")


def _retag(s3: t.Any, _admin: Admin, name: str) -> None:
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "team", "Value": "other"}]})


def _untag(s3: t.Any, _admin: Admin, name: str) -> None:
    s3.delete_bucket_tagging(Bucket=name)


def _lose_rules(s3: t.Any, _admin: Admin, name: str) -> None:
    s3.delete_bucket_lifecycle(Bucket=name)


def _rules(s3: t.Any, name: str, *, without: str = "", extra: t.Iterable[dict[str, t.Any]] = ()) -> None:
    kept = [rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] if rule["ID"] != without]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [*kept, *extra]})


def _lose_a_rule(s3: t.Any, _admin: Admin, name: str) -> None:
    _rules(s3, name, without="scratch")


def _widen_a_rule(s3: t.Any, _admin: Admin, name: str) -> None:
    rule = {"ID": "scratch", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 7}}
    _rules(s3, name, without="scratch", extra=[rule])


def _disable_a_rule(s3: t.Any, _admin: Admin, name: str) -> None:
    rule = {"ID": "scratch", "Status": "Disabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 7}}
    _rules(s3, name, without="scratch", extra=[rule])


def _add_a_rule_of_another_kind(s3: t.Any, _admin: Admin, name: str) -> None:
    filtered = {"ObjectSizeGreaterThan": 1}
    _rules(s3, name, extra=[{"ID": "foreign", "Status": "Enabled", "Filter": filtered, "Expiration": {"Days": 1}}])


def _rename_a_rule(s3: t.Any, _admin: Admin, name: str) -> None:
    """The same effect under another name is still not what was declared."""
    rule = {"ID": "other", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 7}}
    _rules(s3, name, without="scratch", extra=[rule])


def _open(s3: t.Any, _admin: Admin, name: str) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def _shorten_retention(s3: t.Any, _admin: Admin, name: str) -> None:
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    s3.put_object_lock_configuration(
        Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )


def _lift_retention(s3: t.Any, _admin: Admin, name: str) -> None:
    s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})


@pytest.mark.parametrize(
    ("by_hand", "field"),
    [
        (_raise_quota, "quota"),
        (_lift_quota, "quota"),
        (_retag, "tags"),
        (_untag, "tags"),
        (_lose_rules, "lifecycle"),
        (_lose_a_rule, "lifecycle"),
        (_widen_a_rule, "lifecycle"),
        (_disable_a_rule, "lifecycle"),
        (_rename_a_rule, "lifecycle"),
        (_add_a_rule_of_another_kind, "lifecycle"),
        (_shorten_retention, "retention"),
        (_lift_retention, "retention"),
        (_open, "anonymous"),
    ],
)
def test_drift_is_found_and_repaired_exactly(
    bucket: RunModule,
    s3: t.Any,
    admin: Admin,
    name: str,
    by_hand: t.Callable[[t.Any, Admin, str], None],
    field: str,
) -> None:
    bucket(**DECLARED)
    by_hand(s3, admin, name)
    seen = bucket(check_mode=True, **DECLARED)["diff"]
    assert [key for key in seen["after"] if seen["after"][key] != seen["before"][key]] == [field]
    assert bucket(**DECLARED)["diff"] == seen
    assert not bucket(**DECLARED)["changed"]


def _suspend(s3: t.Any, name: str) -> None:
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})


def _exclude(s3: t.Any, name: str) -> None:
    """MinIO's own: no versions below a prefix, of which boto3 tells nothing."""
    body = "<VersioningConfiguration><Status>Enabled</Status>{}</VersioningConfiguration>"
    excluded = body.format("<ExcludedPrefixes><Prefix>runs/*</Prefix></ExcludedPrefixes>")
    enabled = {"Status": "Enabled"}
    _change(s3, "put_bucket_versioning", excluded)(Bucket=name, VersioningConfiguration=enabled)


@pytest.mark.parametrize(("by_hand", "found"), [(_suspend, False), (_exclude, "enabled, except for runs/*")])
def test_versioning_that_is_not_whole_is_drift(
    bucket: RunModule, s3: t.Any, name: str, by_hand: t.Callable[[t.Any, str], None], found: t.Any
) -> None:
    bucket(versioning=True)
    by_hand(s3, name)
    seen = bucket(check_mode=True, versioning=True)["diff"]
    assert seen["before"] == {**seen["after"], "versioning": found}
    assert bucket(versioning=True)["diff"] == seen
    assert not bucket(versioning=True)["changed"]


def test_the_order_of_rules_and_tags_is_no_drift(bucket: RunModule, s3: t.Any, name: str) -> None:
    options = {"tags": {"a": "1", "b": "2"}, "lifecycle": RULES[:2]}
    bucket(**options)
    rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules[::-1]})
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}]})
    assert not bucket(**options)["changed"]


def test_removal_of_old_versions_that_boto3_does_not_tell(bucket: RunModule, s3: t.Any, name: str) -> None:
    """MinIO's extension of a rule removes every version of an object: it must not hide in a rule of ours."""
    bucket(versioning=True, lifecycle=[{"id": "scratch", "expire_days": 7}])
    body = (
        "<LifecycleConfiguration><Rule><ID>scratch</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><Expiration>"
        "<Days>7</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration></Rule></LifecycleConfiguration>"
    )
    rule = {"ID": "scratch", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 7}}
    lifecycle = {"Rules": [rule]}
    _change(s3, "put_bucket_lifecycle_configuration", body)(Bucket=name, LifecycleConfiguration=lifecycle)
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] == [rule], "boto3 sees nothing"
    before = bucket(versioning=True, lifecycle=[{"id": "scratch", "expire_days": 7}])["diff"]["before"]
    assert before["lifecycle"][0]["other"] == {"ExpiredObjectAllVersions": "true"}
    assert not bucket(versioning=True, lifecycle=[{"id": "scratch", "expire_days": 7}])["changed"]


def test_a_lost_bucket_is_made_again(bucket: RunModule, s3: t.Any, name: str) -> None:
    bucket(**DECLARED)
    s3.delete_bucket(Bucket=name)
    assert bucket(check_mode=True, **DECLARED)["diff"]["before"] == {}
    assert bucket(**DECLARED)["changed"]
    assert not bucket(**DECLARED)["changed"]


def test_access_without_a_key(bucket: RunModule, s3: t.Any, name: str, minio: t.Any) -> None:
    bucket(anonymous="download")
    s3.put_object(Bucket=name, Key="a", Body=b"a")
    assert requests.get(f"{minio.endpoint}/{name}/a", timeout=10).text == "a"
    assert bucket()["changed"], "none is the default"
    assert requests.get(f"{minio.endpoint}/{name}/a", timeout=10).status_code == 403


def test_a_policy_in_another_form_is_the_same(bucket: RunModule, s3: t.Any, admin: Admin, name: str) -> None:
    bucket()
    statement = {"Sid": "x", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}
    document = {"Statement": {**statement, "Resource": [f"arn:aws:s3:::{name}/*"]}}
    assert bucket(anonymous=document)["changed"]
    _open(s3, admin, name)
    assert not bucket(anonymous=json.dumps(document))["changed"]


def test_object_lock_is_fixed_at_creation(bucket: RunModule) -> None:
    bucket(object_lock=True)
    assert not bucket(object_lock=True, versioning=True)["changed"]
    with pytest.raises(Exception, match=r"bucket test-\w+: object_lock is True and cannot become False"):
        bucket(object_lock=False)


@pytest.mark.parametrize("options", [{"object_lock": True}, {"retention": {"mode": "governance", "days": 1}}])
def test_object_lock_cannot_be_added(bucket: RunModule, options: dict[str, t.Any]) -> None:
    bucket(versioning=True)
    for check_mode in (True, False):
        with pytest.raises(Exception, match=r"bucket test-\w+: object_lock is False and cannot become True"):
            bucket(check_mode=check_mode, **options)


def test_new_objects_are_retained(bucket: RunModule, s3: t.Any, name: str) -> None:
    bucket(retention={"mode": "governance", "days": 1})
    version = s3.put_object(Bucket=name, Key="a", Body=b"1")["VersionId"]
    with pytest.raises(s3.exceptions.ClientError, match="WORM protected"):
        s3.delete_object(Bucket=name, Key="a", VersionId=version)
    with pytest.raises(Exception, match=r"bucket test-\w+ cannot be emptied: a: Object is WORM protected"):
        bucket(state="absent", force=True)
    assert s3.head_object(Bucket=name, Key="a", VersionId=version)


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_full_bucket_is_only_removed_with_force(bucket: RunModule, s3: t.Any, name: str, check_mode: bool) -> None:
    bucket(versioning=True)
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    s3.delete_object(Bucket=name, Key="a")
    with pytest.raises(Exception, match="is not empty: it is only removed with force"):
        bucket(check_mode=check_mode, state="absent")
    assert len(s3.list_object_versions(Bucket=name)["Versions"]) == 1
    assert bucket(state="absent", force=True)["changed"]


def test_tags_of_others_are_kept_and_hidden(bucket: RunModule, s3: t.Any, name: str) -> None:
    bucket(tags={"team": "churn"})
    mark = {"Key": "repro.stack/manager", "Value": "somebody"}
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "team", "Value": "churn"}, mark]})
    assert not bucket(tags={"team": "churn"})["changed"]
    assert bucket(tags={"team": "vision"})["bucket"]["tags"] == {"team": "vision"}
    assert bucket(tags={})["bucket"]["tags"] == {}
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [mark]


def test_encryption_without_key_management(bucket: RunModule) -> None:
    with pytest.raises(Exception, match=r"bucket test-\w+: default encryption needs key management \(KMS\), which the"):
        bucket(encryption={"mode": "sse-s3"})
    assert not bucket(encryption={})["changed"]


def test_a_notification_without_a_target(bucket: RunModule, s3: t.Any, name: str) -> None:
    told = {"arn": "arn:minio:sqs::nobody:webhook", "events": ["s3:ObjectCreated:*"]}
    for check_mode in (True, False):
        with pytest.raises(
            Exception, match=r"bucket test-\w+: the server has no notification target arn:minio:sqs::nobody"
        ):
            bucket(check_mode=check_mode, notification=[told])
    with pytest.raises(s3.exceptions.ClientError):
        s3.head_bucket(Bucket=name)


def test_a_rule_that_minio_would_drop(bucket: RunModule, s3: t.Any, name: str) -> None:
    with pytest.raises(
        Exception, match="lifecycle rule up: MinIO drops abort_multipart_days without a word; it removes"
    ):
        bucket(lifecycle=[{"id": "up", "abort_multipart_days": 3}])
    bucket()
    rule = {"ID": "up", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}
    rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": 3}
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    kept = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]
    assert "AbortIncompleteMultipartUpload" not in kept, "MinIO keeps it now: it need not be refused any more"


def test_the_client_refuses_to_write_in_check_mode(minio: t.Any) -> None:
    from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
    from ansible_collections.repro.stack.plugins.module_utils._minio.s3 import S3

    connection = Connection(minio.endpoint, minio.access_key, minio.secret_key, "us-east-1", True, 1.0)
    with pytest.raises(AssertionError, match="BUG: CreateBucket in check mode"):
        S3(connection, read_only=True).call("create_bucket", Bucket="test-never-made")
    with pytest.raises(AssertionError, match="BUG: PUT import-iam-v2 in check mode"):
        Admin(connection, read_only=True).call("PUT", "import-iam-v2")
