"""What is made of the user's words about buckets, what is refused, and how a store's documents are read."""

from __future__ import annotations

import io
import json
import typing as t
import zipfile
from xml.etree import ElementTree

import botocore.serialize
import botocore.session
import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError, StackError
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets import (
    anonymous,
    bucket,
    bucket_documents,
    buckets,
    encryption,
    lifecycle,
    notification,
    replication,
    retention,
    tags,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.flavour import MINIO, PLAIN_S3
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.store import Store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# a busy machine is slow, not wrong
settings.register_profile("no-clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no-clock")

S3_MODEL = botocore.session.get_session().get_service_model("s3")
SERIALIZER = botocore.serialize.create_serializer("rest-xml", include_validation=True)


def sent(operation: str, arguments: dict[str, t.Any]) -> bucket_documents.Document:
    """What boto3 puts on the wire, read as an answer of the store would be."""
    name = "".join(word.capitalize() for word in operation.split("_"))
    request = SERIALIZER.serialize_to_request({"Bucket": "x", **arguments}, S3_MODEL.operation_model(name))
    return bucket_documents.parsed("x.xml", request["body"] or b"<none/>")


NUMBERS = st.none() | st.integers(0, 400)
TEXT = st.text("abc é&<", max_size=4)
RULES = st.fixed_dictionaries(
    {
        "id": st.text("abc", min_size=1),
        "prefix": st.sampled_from(["", "tmp/"]),
        "tags": st.none() | st.dictionaries(TEXT.filter(len), TEXT, max_size=3),
        "enabled": st.booleans(),
        "expire_days": NUMBERS,
        "expire_delete_markers": st.booleans(),
        "noncurrent_days": NUMBERS,
        "noncurrent_versions": NUMBERS,
        "abort_multipart_days": NUMBERS,
    }
)


@given(st.lists(RULES, max_size=4, unique_by=lambda rule: rule["id"]), st.none() | st.integers(0, 90))
def test_rules_come_back_from_s3_as_declared(rules: list[dict[str, t.Any]], days: int | None) -> None:
    try:
        wanted = lifecycle.declared(rules, days, PLAIN_S3, "bucket x")
    except InvalidInputError:
        return
    assert wanted is not None
    operation, arguments = lifecycle.request(wanted[::-1])
    assert lifecycle.found(sent(operation, arguments) if wanted else {}) == wanted


EVENTS = st.lists(
    st.sampled_from(["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete", "s3:ObjectAccessed:Get"]), min_size=1
)
NOTIFICATIONS = st.fixed_dictionaries(
    {
        "arn": st.sampled_from([f"arn:aws:{kind}:eu-west-1:1234:{kind}" for kind in notification.KINDS]),
        "events": EVENTS,
        "prefix": TEXT,
        "suffix": TEXT,
    }
)


@given(st.lists(NOTIFICATIONS, max_size=4))
def test_notifications_come_back_from_s3_as_declared(given_: list[dict[str, t.Any]]) -> None:
    try:
        wanted = notification.declared(given_, PLAIN_S3, "bucket x")
    except InvalidInputError:
        return
    assert wanted is not None
    assert notification.found(sent(*notification.request(wanted[::-1]))) == wanted


@given(st.dictionaries(st.text("abc é.:/@", min_size=1, max_size=5), st.text("abc =+-", max_size=5), max_size=4))
def test_tags_come_back_from_s3_as_declared(given_: dict[str, str]) -> None:
    wanted = tags.declared(given_, "bucket x")
    assert wanted is not None
    assert tags.found(sent(*tags.request(wanted)) if wanted else {}) == wanted


@pytest.mark.parametrize(
    "wanted", [{"mode": "none"}, {"mode": "governance", "days": 3}, {"mode": "compliance", "years": 9}]
)
def test_retention_comes_back_from_s3_as_declared(wanted: dict[str, t.Any]) -> None:
    assert retention.declared(wanted, "bucket x") == wanted
    assert retention.found(sent(*retention.request(wanted))) == wanted


@pytest.mark.parametrize("wanted", [{"mode": "none"}, {"mode": "sse-s3"}, {"mode": "sse-kms", "key": "k"}])
def test_encryption_comes_back_from_s3_as_declared(wanted: dict[str, t.Any]) -> None:
    assert encryption.declared(wanted, MINIO, "bucket x") == wanted
    assert encryption.found(sent(*encryption.request(wanted)) if wanted["mode"] != "none" else {}) == wanted


def test_empty_is_cleared() -> None:
    assert retention.declared({}, "x") == encryption.declared({}, MINIO, "x") == {"mode": "none"}
    assert notification.declared([], MINIO, "x") == []
    assert notification.request([]) == ("put_bucket_notification_configuration", {"NotificationConfiguration": {}})


RULE = "<ID>a</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><Expiration><Days>1</Days>{}</Expiration>{}"


def _rule(expiration: str = "", other: str = "") -> list[lifecycle.Rule]:
    text = f"<LifecycleConfiguration><Rule>{RULE.format(expiration, other)}</Rule></LifecycleConfiguration>"
    return lifecycle.found(bucket_documents.parsed("lifecycle.xml", text.encode()))


@pytest.mark.parametrize(
    ("expiration", "other"),
    [
        ("<ExpiredObjectAllVersions>true</ExpiredObjectAllVersions>", ""),
        ("", "<DelMarkerExpiration><Days>3</Days></DelMarkerExpiration>"),
        ("", "<Transition><Days>3</Days><StorageClass>COLD</StorageClass></Transition>"),
        (
            "",
            "<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
        ),
        ("<Date>2030-01-01T00:00:00Z</Date>", ""),
    ],
)
def test_what_s3_knows_and_we_do_not_is_seen(expiration: str, other: str) -> None:
    assert _rule(expiration, other) != _rule()


def test_where_a_rule_applies_is_the_same_in_its_older_form() -> None:
    older = b"<ID>a</ID><Status>Enabled</Status><Prefix></Prefix><Expiration><Days>1</Days></Expiration>"
    document = bucket_documents.parsed("lifecycle.xml", b"<X><Rule>" + older + b"</Rule></X>")
    assert lifecycle.found(document) == _rule()


def test_a_notification_of_another_kind_is_seen() -> None:
    document = bucket_documents.parsed("x.xml", b"<N><EventBridgeConfiguration></EventBridgeConfiguration></N>")
    assert notification.found(document) == [{"other": "EventBridgeConfiguration"}]


OPTIONS: dict[str, t.Any] = {
    **dict.fromkeys(bucket.ARGUMENTS),
    "name": "data",
    "anonymous": "none",
    "state": "present",
    "force": False,
}
RULE_DEFAULTS = {"prefix": "", "tags": None, "enabled": True}
TOLD = {"arn": "arn:minio:sqs::a:webhook", "events": ["s3:ObjectCreated:*"], "prefix": "", "suffix": ""}


def test_only_what_is_declared_is_managed() -> None:
    assert bucket.declared(OPTIONS) == {"name": "data", "anonymous": "none"}
    assert bucket.declared({**OPTIONS, "anonymous": "unmanaged"}) == {"name": "data"}
    cleared = {
        "tags": {},
        "quota": "0",
        "keep_old_versions_days": 0,
        "retention": {},
        "encryption": {},
        "notification": [],
    }
    assert bucket.declared({**OPTIONS, **cleared}) == {
        "name": "data",
        "anonymous": "none",
        "tags": {},
        "quota": 0,
        "lifecycle": [],
        "retention": {"mode": "none"},
        "encryption": {"mode": "none"},
        "notification": [],
    }
    assert bucket.declared({**OPTIONS, "state": "absent"}) is None


def test_a_retention_implies_the_lock() -> None:
    kept = {"mode": "governance", "days": 1}
    assert (bucket.declared({**OPTIONS, "retention": kept}) or {})["object_lock"] is True
    assert "object_lock" not in (bucket.declared({**OPTIONS, "retention": {}}) or {})


def _statement(**changed: t.Any) -> dict[str, t.Any]:
    whole = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::data/*",
        **changed,
    }
    return {"Statement": [{key: value for key, value in whole.items() if value is not None}]}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"object_lock": True, "versioning": False}, "bucket data: object_lock needs versioning"),
        (
            {"retention": {"mode": "compliance", "days": 1}, "object_lock": False},
            "bucket data: a retention needs object_lock",
        ),
        (
            {"retention": {"mode": "compliance", "days": 1}, "versioning": False},
            "bucket data: object_lock needs versioning",
        ),
        ({"retention": {"mode": "governance"}}, "has a mode .* and either days or years"),
        ({"retention": {"days": 3}}, "has a mode .* and either days or years"),
        ({"retention": {"mode": "governance", "days": 1, "years": 1}}, "either days or years"),
        ({"retention": {"mode": "governance", "days": 0}}, "a retention of 0 days is not possible, only 1 to 36500"),
        ({"retention": {"mode": "governance", "years": 101}}, "of 101 years is not possible, only 1 to 100"),
        ({"encryption": {"mode": "sse-kms"}}, "bucket data: the encryption mode sse-kms needs the name of a key"),
        ({"encryption": {"mode": "sse-s3", "key": "k"}}, "an encryption key is named for the mode sse-kms only"),
        ({"quota": "lots"}, "bucket data: the quota lots is not a size"),
        ({"tags": {"repro.stack/manager": "me"}}, "the tag repro.stack/manager is reserved"),
        ({"tags": {"a": "x" * 257}}, "the tag a: a key has 1 to 128 characters, a value 256"),
        ({"tags": {"": "x"}}, "a key has 1 to 128 characters"),
        ({"tags": {"a,b": "x"}}, "the tag a,b: only letters, digits, spaces"),
        ({"tags": {str(number): "" for number in range(50)}}, "50 tags, S3 takes 49"),
        ({"notification": [{**TOLD, "events": []}]}, "notification arn:minio:sqs::a:webhook: name at least one event"),
        ({"notification": [{**TOLD, "events": ["s3:ObjectCreate:*"]}]}, r"the nearest is s3:ObjectCreated:\*"),
        ({"notification": [{**TOLD, "arn": "arn:aws:sqs:x:1:a"}]}, "a target of MinIO is called arn:minio:sqs::<name>"),
        ({"notification": [TOLD, {**TOLD, "arn": "arn:minio:sqs:x:a:webhook"}]}, "declared twice for the same events"),
        ({"anonymous": "public"}, "must be none, download or a policy document"),
        ({"anonymous": _statement(Principal=None)}, "statement 1 of the policy needs a Principal"),
        (
            {"anonymous": _statement(Resource="arn:aws:s3:::other/*")},
            "resource arn:aws:s3:::other/. is not in this bucket",
        ),
        ({"lifecycle": [{**RULE_DEFAULTS, "id": "a"}]}, "rule a does nothing"),
        ({"lifecycle": [{**RULE_DEFAULTS, "id": "", "expire_days": 1}]}, "an id has 1 to 255 characters"),
        ({"lifecycle": [{**RULE_DEFAULTS, "id": "a", "expire_days": -1}]}, "rule a: a number below zero"),
        (
            {"lifecycle": [{**RULE_DEFAULTS, "id": "a", "expire_days": 1, "expire_delete_markers": True}]},
            "refuses expire_days and expire_delete_markers",
        ),
        ({"lifecycle": [{**RULE_DEFAULTS, "id": "a", "expire_days": day} for day in (1, 2)]}, "same id"),
        (
            {
                "lifecycle": [{**RULE_DEFAULTS, "id": "keep-old-versions", "expire_days": 1}],
                "keep_old_versions_days": 3,
            },
            "same id",
        ),
        ({"lifecycle": [{**RULE_DEFAULTS, "id": "a", "abort_multipart_days": 1}]}, "MinIO drops abort_multipart_days"),
        ({"replication": True}, "replication cannot be set up here"),
    ],
)
def test_what_cannot_be(options: dict[str, t.Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        bucket.declared({**OPTIONS, **options})


def test_what_only_another_store_takes() -> None:
    aborted = {"lifecycle": [{**RULE_DEFAULTS, "id": "a", "abort_multipart_days": 1}]}
    assert bucket.declared({**OPTIONS, **aborted}, PLAIN_S3)
    assert bucket.declared({**OPTIONS, "encryption": {"mode": "sse-kms"}}, PLAIN_S3)
    with pytest.raises(InvalidInputError, match="a quota is MinIO's own, the flavour s3 has none"):
        bucket.declared({**OPTIONS, "quota": "0"}, PLAIN_S3)
    with pytest.raises(InvalidInputError, match="replication is seen by MinIO's admin API"):
        bucket.declared({**OPTIONS, "replication": False}, PLAIN_S3)
    with pytest.raises(InvalidInputError, match="an ARN begins with arn: and names one of sqs, sns, lambda"):
        bucket.declared({**OPTIONS, "notification": [{**TOLD, "arn": "models"}]}, PLAIN_S3)


def test_a_document_that_says_download_is_download() -> None:
    document = anonymous.download("data")
    assert bucket.declared({**OPTIONS, "anonymous": document}) == {"name": "data", "anonymous": "download"}
    assert anonymous.found(json.loads(json.dumps(document)), "data") == "download"


def test_a_manager_is_written_on_what_shall_be() -> None:
    items = [OPTIONS, {**OPTIONS, "name": "gone", "state": "absent"}]
    assert buckets.declared(items, MINIO, "me") == {
        "data": {"name": "data", "anonymous": "none", "manager": "me"},
        "gone": None,
    }
    with pytest.raises(InvalidInputError, match="The bucket data is declared twice"):
        buckets.declared([OPTIONS, OPTIONS], MINIO, None)
    with pytest.raises(InvalidInputError, match="manager"):
        buckets.declared([], MINIO, "a,b")


class Kept:
    """A store that has one bucket, and lets everybody in."""

    def __init__(self, **documents: bucket_documents.Document) -> None:
        self._documents = {name.replace("_", "."): document for name, document in documents.items()}

    def read(self, _name: str, _files: t.Collection[str]) -> dict[str, bucket_documents.Document]:
        return self._documents

    def anonymous_status(self, path: str) -> int:
        assert path.startswith("data")
        return 200


def _bucket(kept: Kept, **desired: t.Any) -> bucket.Bucket:
    return bucket.Bucket(Store(t.cast(t.Any, kept), None, t.cast(t.Any, kept)), "data", desired)


def test_closed_is_proved_and_not_believed() -> None:
    """A gateway or a server may let people in although the bucket has no policy."""
    with pytest.raises(ServiceError, match="bucket data has no policy, yet somebody without a key gets 200"):
        _bucket(Kept(), anonymous="none").read()


def test_a_bucket_of_another_manager_is_refused() -> None:
    tagged = {"TagSet": {"Tag": [{"Key": "repro.stack/manager", "Value": "you"}, {"Key": "a", "Value": "b"}]}}
    with pytest.raises(StackError, match="bucket data is kept by you: it needs to lose its tag"):
        _bucket(Kept(tagging_xml=tagged), manager="me").read()
    assert _bucket(Kept(tagging_xml=tagged), manager="you").read() == {"name": "data", "manager": "you"}
    assert _bucket(Kept(tagging_xml=tagged), tags={}).read() == {"name": "data", "tags": {"a": "b"}}


class Admin:
    """Answers an export, or raises."""

    def __init__(self, answer: bytes | ServiceError) -> None:
        self.answer = answer

    def call(self, _method: str, _name: str, _query: dict[str, str]) -> bytes:
        if isinstance(self.answer, ServiceError):
            raise self.answer
        return self.answer


def _exported(**files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"data/{name.replace('_', '.')}", content)
    return made.getvalue()


def test_an_export_tells_each_bucket_once_and_is_asked_again_after_that() -> None:
    admin = Admin(_exported(quota_json='{"size": 1}', replication_xml="<ReplicationConfiguration/>"))
    documents = bucket_documents.Exported(t.cast(t.Any, admin), ahead=True)
    admin.answer = _exported(quota_json='{"size": 2}')
    assert documents.read("data", ()) == {"quota.json": {"size": 1}}
    assert documents.read("other", ()) is None
    assert documents.read("data", ()) == {"quota.json": {"size": 2}}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_exported(quota_json="{}")[:-9], "The export of MinIO's buckets is not whole"),
        (_exported(quota_json="{"), "The export of MinIO's buckets is not whole"),
        (_exported(tagging_xml="<Tagging>"), "The export of MinIO's buckets is not whole"),
        (
            ServiceError("no such page", status=404),
            r"no such page \(without MinIO's admin API buckets need the flavour s3",
        ),
        (ServiceError("not allowed", status=403, code="AccessDenied"), "not allowed .*need the flavour s3"),
        (ServiceError("wrong", status=403, code="SignatureDoesNotMatch"), "^wrong$"),
        (ServiceError("silent"), "^silent$"),
        (ServiceError("not ready", status=503), "^not ready$"),
    ],
)
def test_an_export_that_cannot_be_read(answer: bytes | ServiceError, said: str) -> None:
    with pytest.raises(ServiceError, match=said):
        bucket_documents.Exported(t.cast(t.Any, Admin(answer)), ahead=True)


def test_documents_are_read_without_losing_what_repeats() -> None:
    document = b'<A xmlns="http://s3"><B>1</B><B>2</B><C><D/></C><E> x </E></A>'
    assert bucket_documents.parsed("x.xml", document) == {"B": ["1", "2"], "C": {"D": ""}, "E": " x "}
    assert bucket_documents.parsed("quota.json", b"null") == {}
    with pytest.raises(ElementTree.ParseError):
        bucket_documents.parsed("x.xml", b"<A>")


def test_where_a_bucket_is_copied_to_is_told_without_the_keys() -> None:
    target = (
        "<Targets><Endpoint>{0}:9000</Endpoint><TargetBucket>{0}</TargetBucket>"
        "<Credentials><SecretAccessKey>secret-of-a-target</SecretAccessKey></Credentials></Targets>"
    )
    for targets, told in (
        ((), False),
        (("b",), "to b at b:9000"),
        (("b", "a"), "to a at a:9000, b at b:9000"),
    ):
        text = f"<BucketTargets>{''.join(target.format(each) for each in targets)}</BucketTargets>"
        assert replication.found(bucket_documents.parsed(bucket_documents.REPLICATION_TARGETS, text.encode())) == told
