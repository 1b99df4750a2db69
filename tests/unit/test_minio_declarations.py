"""What is refused, and what is made of the user's words, without any server."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio import names, ownership
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import identity


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


ACCOUNT = "a service account has 3 to 20 characters, no = and no comma"
FILE = {
    " abc": "no space at its ends",
    "abc ": "no space at its ends",
    "a\nb": "no control characters",
    "a\tb": "no control characters",
    "/abc": "no slash at its ends",
    "abc/": "no slash at its ends",
    "a//b": "no empty, . or .. between slashes",
    "../b": "no empty, . or .. between slashes",
    "a/./b": "no empty, . or .. between slashes",
}


@pytest.mark.parametrize(
    ("name", "said"),
    [*FILE.items(), *dict.fromkeys(["ab", "é", "a,b", "a=b", "x" * 21, "", "é" * 11], ACCOUNT).items()],
)
def test_names_of_accounts_that_minio_refuses(name: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match="service account x: .*" + re.escape(said)):
        names.check_service_account(name, "a-good-secret", "service account x")


def test_a_name_that_minio_keeps_for_itself() -> None:
    with pytest.raises(InvalidInputError, match="MinIO keeps that name for itself"):
        names.check_service_account("site-replicator-0", None, "service account x")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *FILE.items(),
        *dict.fromkeys(["ab", "a,b", "a=b", ""], "an access key has 3 characters or more, no = and no comma").items(),
        ("é" * 126, "at most 250 bytes"),
    ],
)
def test_names_of_users_that_minio_refuses(name: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match="user x: .*" + re.escape(said)):
        names.check_user(name, "a-good-secret", "user x")


@pytest.mark.parametrize(
    ("name", "said"), [*FILE.items(), ("", "not empty"), ("a,b", "no comma"), ("x" * 251, "250 bytes")]
)
def test_names_of_policies_and_groups_that_minio_refuses(name: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match="group x: .*" + re.escape(said)):
        names.check_name(name, "group x")


@pytest.mark.parametrize("name", ["a/b", "a*b", "ünï", "x" * 20, "identity.json", "a b", "...", "-abc"])
def test_names_that_minio_takes(name: str) -> None:
    names.check_service_account(name, "x" * 40, "x")
    names.check_user(name + "x" * (250 - len(name.encode())), "x" * 41, "x")
    names.check_name(name, "x")


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("tiny-1", "too short, MinIO wants at least 8 characters"),
        ("", "too short"),
        ("x" * 41, "at most 40 characters"),
        ("with-a-\\-in-it", "holds a backslash"),
        ("with-a-\n-in-it", "holds a backslash, a control character"),
        ("with-'-and-\"", "both kinds of quotes"),
    ],
)
def test_secrets_that_minio_or_ansible_cannot_hold(secret: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said) as error:
        names.check_service_account("account", secret, "service account")
    assert secret == "" or secret not in str(error.value)


@pytest.mark.parametrize("manager", ["", "a b", "a/b", ".a", "a*", "x" * 101])
def test_managers_that_are_no_word(manager: str) -> None:
    with pytest.raises(InvalidInputError, match="is not a word"):
        ownership.check_manager(manager)


# Identities -----------------------------------------------------------------------------------------------------------


def declared(kind: str, *items: dict[str, t.Any]) -> dict[str, t.Any]:
    """Items with the defaults of the options."""
    defaults = {name: option.get("default") for name, option in identity.arguments(kind).items()}
    return identity.declared({kind: [{**defaults, **item} for item in items]})[kind]


STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}
ACCESS = [{"bucket": "datasets", "prefix": "", "mode": "read", "delete": False}]


def test_only_what_is_declared_is_managed() -> None:
    assert declared("users", {"name": "alice"})["alice"] == {
        "secret": None,
        "enabled": True,
        "policies": None,
        "groups": None,
        "update_secret": None,
    }
    assert declared("users", {"name": "alice", "groups": ["b", "a", "b"]})["alice"]["groups"] == ["a", "b"]
    assert declared("groups", {"name": "vision"})["vision"] == {"members": None, "policies": None, "enabled": True}
    assert declared("groups", {"name": "vision", "members": ["b", "a", "b"], "policies": []})["vision"] == {
        "members": ["a", "b"],
        "policies": [],
        "enabled": True,
    }
    assert declared("users", {"name": "any thing,", "state": "absent"}) == {"any thing,": None}


def test_an_empty_policy_is_the_parent_s() -> None:
    for empty in ({}, ""):
        account = declared("service_accounts", {"name": "etl", "policy": empty})["etl"]
        assert account["policy"] == "inherited from the parent"
    assert declared("service_accounts", {"name": "etl"})["etl"]["policy"] is None


@pytest.mark.parametrize(
    ("kind", "item", "said"),
    [
        ("policies", {"name": "p"}, "policy p: give its document or the access that it grants"),
        ("policies", {"name": "p", "access": []}, "policy p: its access grants nothing"),
        ("policies", {"name": "p", "document": {}, "access": ACCESS}, "policy p: give either document or access"),
        ("policies", {"name": "p", "document": "{"}, "policy p: the policy is not JSON"),
        ("service_accounts", {"name": "etl", "policy": {}, "access": ACCESS}, "etl: give either policy or access"),
        ("service_accounts", {"name": "etl", "access": []}, "etl: its access grants nothing"),
        ("service_accounts", {"name": "etl", "policy": {"Statement": []}}, "etl: a policy is a mapping with at least"),
        ("service_accounts", {"name": "etl", "expires": "soon"}, "etl: soon is not a time"),
        (
            "service_accounts",
            {"name": "etl", "display_name": "é" * 17},
            "etl: its display_name is longer than 32 bytes",
        ),
        ("service_accounts", {"name": "etl", "description": "x" * 257}, "description is longer than 256 bytes"),
    ],
)
def test_declarations_that_cannot_be(kind: str, item: dict[str, t.Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        declared(kind, item)


def test_the_size_of_an_inline_policy_is_known_beforehand() -> None:
    statements = [{**STATEMENT, "Resource": f"arn:aws:s3:::a/{'x' * 60}{number}/*"} for number in range(40)]
    with pytest.raises(
        InvalidInputError, match=r"service account etl: its policy has \d{4} bytes; the server takes 4096"
    ):
        declared("service_accounts", {"name": "etl", "policy": {"Statement": statements}})
    declared("policies", {"name": "etl", "document": {"Statement": statements}})


def test_a_name_is_declared_once() -> None:
    for kind, word in identity.WORDS.items():
        with pytest.raises(InvalidInputError, match=f"The {word} same is declared twice"):
            declared(kind, {"name": "same", "state": "absent"}, {"name": "same", "state": "absent"})


def test_an_account_that_has_expired_is_an_absent_one() -> None:
    assert declared("service_accounts", {"name": "etl", "expires": "2020-01-01"}) == {"etl": None}


def test_what_is_shown_of_a_declaration_holds_no_secret() -> None:
    (fields,) = declared("users", {"name": "alice", "secret": "secret-of-alice", "update_secret": "always"}).values()
    shown = {"secret": "as declared", "enabled": True, "policies": None, "groups": None}
    assert identity.state(fields, fields["secret"]) == shown
    assert identity.state(fields, None)["secret"] is None
