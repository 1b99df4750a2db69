"""What is refused, and what is made of the user's words, without any server."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio import bucket, lifecycle, names
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# a busy machine is slow, not wrong
settings.register_profile("no-clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no-clock")


@pytest.mark.parametrize(
    ("quota", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("10GiB", 10 * 2**30),
        ("10 gib", 10 * 2**30),
        ("1.5KiB", 1536),
        ("500MB", 500_000_000),
        ("2TB", 2 * 10**12),
    ],
)
def test_sizes(quota: str, size: int) -> None:
    assert names.bytes_of(quota, "x") == size


@pytest.mark.parametrize("quota", ["", "ten", "10 apples", "-1", "1e3"])
def test_no_sizes(quota: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a size"):
        names.bytes_of(quota, "bucket x")


@pytest.mark.parametrize(
    ("expires", "moment"),
    [
        ("never", "never"),
        ("", "never"),
        ("2027-01-31", "2027-01-31T00:00:00Z"),
        ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
        ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00Z"),
        ("2027-01-31T12:00:00.75Z", "2027-01-31T12:00:00Z"),
    ],
)
def test_moments(expires: str, moment: str) -> None:
    assert names.moment(expires, "x") == moment


def test_no_moment() -> None:
    with pytest.raises(InvalidInputError, match="next year is not a time"):
        names.moment("next year", "x")


@pytest.mark.parametrize("key", ["ab", "a,b", "a=b", " abc", "x" * 21])
def test_keys_that_minio_refuses(key: str) -> None:
    with pytest.raises(InvalidInputError, match="access key"):
        names.check_service_account(key, "a-good-secret", "service account")


NUMBERS = st.none() | st.integers(0, 400)
RULES = st.fixed_dictionaries(
    {
        "id": st.text("abc", min_size=1),
        "prefix": st.sampled_from(["", "tmp/"]),
        "enabled": st.booleans(),
        "expire_days": NUMBERS,
        "expire_delete_markers": st.booleans(),
        "noncurrent_days": NUMBERS,
        "noncurrent_versions": NUMBERS,
    }
)


@given(st.lists(RULES, max_size=4, unique_by=lambda rule: rule["id"]), st.none() | st.integers(0, 90))
def test_rules_come_back_from_s3_as_declared(rules: list[dict[str, t.Any]], days: int | None) -> None:
    try:
        wanted = lifecycle.declared(rules, days, "bucket x")
    except InvalidInputError:
        return
    assert wanted is not None
    assert lifecycle.from_s3(lifecycle.to_s3(wanted)[::-1]) == wanted


def test_what_s3_knows_and_we_do_not_is_seen() -> None:
    rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    moved = {**rule, "Transitions": [{"Days": 3, "StorageClass": "COLD"}]}
    tagged = {**rule, "Filter": {"Tag": {"Key": "a", "Value": "b"}}}
    assert lifecycle.from_s3([moved]) != lifecycle.from_s3([rule]) != lifecycle.from_s3([tagged])
    assert lifecycle.from_s3([{**rule, "Filter": {}, "Prefix": ""}]) == lifecycle.from_s3([rule])


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([{"id": "a"}], "rule a does nothing"),
        ([{"id": "a", "expire_days": -1}], "number below zero"),
        (
            [{"id": "a", "expire_days": 1, "expire_delete_markers": True}],
            "refuses expire_days and expire_delete_markers",
        ),
        ([{"id": "a", "expire_days": 1}, {"id": "a", "expire_days": 2}], "same id"),
        ([{"id": "keep-old-versions", "expire_days": 1}], "same id"),
    ],
)
def test_rules_that_cannot_be(rules: list[dict[str, t.Any]], said: str) -> None:
    full = [{"prefix": "", "enabled": True, **rule} for rule in rules]
    with pytest.raises(InvalidInputError, match=said):
        lifecycle.declared(full, 30, "bucket x")


OPTIONS: dict[str, t.Any] = {
    **dict.fromkeys(bucket.ARGUMENTS),
    "name": "data",
    "anonymous": "none",
    "state": "present",
    "force": False,
}


def test_only_what_is_declared_is_managed() -> None:
    assert bucket.declared(OPTIONS) == {"name": "data", "anonymous": "none"}
    assert bucket.declared({**OPTIONS, "anonymous": "unmanaged"}) == {"name": "data"}
    assert bucket.declared({**OPTIONS, "tags": {}, "quota": "0", "keep_old_versions_days": 0}) == {
        "name": "data",
        "anonymous": "none",
        "tags": {},
        "quota": 0,
        "lifecycle": [],
    }
    assert bucket.declared({**OPTIONS, "state": "absent"}) is None


def test_object_lock_needs_versioning() -> None:
    with pytest.raises(InvalidInputError, match="object_lock needs versioning"):
        bucket.declared({**OPTIONS, "object_lock": True, "versioning": False})


def test_a_document_that_says_download_is_download() -> None:
    document = bucket._download("data")
    assert bucket.declared({**OPTIONS, "anonymous": document}) == {"name": "data", "anonymous": "download"}
    with pytest.raises(InvalidInputError, match="must be none, download or a policy document"):
        bucket.declared({**OPTIONS, "anonymous": "public"})


def test_closed_is_proved_and_not_believed() -> None:
    """A gateway or a server may let people in although the bucket has no policy."""

    class OpenStore:
        def call(self, operation: str, **_arguments: t.Any) -> dict[str, t.Any] | None:
            return {"head_bucket": {}, "get_bucket_policy": None}[operation]

        def anonymous_status(self, path: str) -> int:
            assert path.startswith("data")
            return 200

    opened = bucket.Bucket(t.cast(t.Any, OpenStore()), t.cast(t.Any, None), "data", ["anonymous"], force=False)
    with pytest.raises(ServiceError, match="bucket data has no policy, yet somebody without a key gets 200"):
        opened.read()
