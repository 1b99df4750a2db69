"""Policies of any shape: another form compares equal, another meaning does not, and a grant is no more than it says."""

from __future__ import annotations

import copy
import json
import re
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._minio.policies import access
from ansible_collections.repro.stack.plugins.module_utils._minio.policies.policy import canonical, parsed
from ansible_collections.repro.stack.plugins.module_utils._minio.policies.policy_words import ACTIONS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_shapes import ARN, Document, Draw, documents, reshaped, statements

# a busy machine is slow, not wrong
settings.register_profile("policies", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("policies")


@given(documents(negated=True) | documents(bucket_policy=True, negated=True), st.data())
def test_another_form_is_the_same_policy(document: Document, data: st.DataObject) -> None:
    assert canonical(reshaped(data.draw, document)) == canonical(document)
    assert canonical(canonical(document)) == canonical(document)


@given(st.booleans().flatmap(lambda bucket: st.tuples(documents(bucket_policy=bucket), st.just(bucket))), st.data())
def test_every_form_is_taken(case: tuple[Document, bool], data: st.DataObject) -> None:
    document, bucket_policy = case
    other = reshaped(data.draw, document)
    assert parsed(other, "x", bucket_policy=bucket_policy) == canonical(document)
    as_text = json.dumps(other, default=lambda moment: moment.isoformat())
    assert parsed(as_text, "x", bucket_policy=bucket_policy) == canonical(document)


def changed_list(draw: Draw, values: t.Sequence[str], another: str) -> list[str]:
    """One more, one less, or another one."""
    shuffled = draw(st.permutations(values))
    ways = [[*shuffled, another], [*shuffled[1:], another], *([shuffled[1:]] if len(shuffled) > 1 else [])]
    return t.cast("list[str]", draw(st.sampled_from(ways)))


def changed_statement(draw: Draw, statement: Document) -> str:
    """Change one thing that a statement says; what it was."""
    action = "Action" if "Action" in statement else "NotAction"
    resource = "Resource" if "Resource" in statement else "NotResource"
    parts = ["effect", "action", "resource", "not action", "not resource", "one more condition"]
    parts += ["principal"] if "Principal" in statement else []
    parts += ["value", "operator", "key", "one condition less"] if "Condition" in statement else []
    what: str = draw(st.sampled_from(parts))
    if what == "effect":
        statement["Effect"] = {"Allow": "Deny", "Deny": "Allow"}[statement["Effect"]]
    elif what == "action":
        statement[action] = changed_list(draw, statement[action], "s3:OneMore")
    elif what == "resource":
        statement[resource] = changed_list(draw, statement[resource], f"{ARN}one-more/*")
    elif what == "not action":
        statement["NotAction" if action == "Action" else "Action"] = statement.pop(action)
    elif what == "not resource":
        statement["NotResource" if resource == "Resource" else "Resource"] = statement.pop(resource)
    elif what == "principal":
        statement["Principal"] = {"AWS": changed_list(draw, statement["Principal"]["AWS"], "carol")}
    elif what == "one more condition":
        statement.setdefault("Condition", {})["StringNotLike"] = {"aws:Referer": ["x"]}
    else:
        changed_condition(draw, statement["Condition"], what)
    return what


def changed_condition(draw: Draw, condition: Document, what: str) -> None:
    operator = draw(st.sampled_from(sorted(condition)))
    key, values = next(iter(condition[operator].items()))
    if what == "value":
        condition[operator][key] = changed_list(draw, values, "one-more")
    elif what == "operator":
        condition["StringNotEqualsIgnoreCase"] = condition.pop(operator)
    elif what == "key":
        condition[operator] = {"aws:UserAgent": values}
    else:
        del condition[operator]


@given(documents(negated=True) | documents(bucket_policy=True, negated=True), st.data())
def test_another_meaning_is_another_policy(document: Document, data: st.DataObject) -> None:
    other = copy.deepcopy(document)
    what = changed_statement(data.draw, data.draw(st.sampled_from(other["Statement"])))
    assert canonical(other) != canonical(document), what


@given(documents(), st.data())
def test_another_number_of_statements_is_another_policy(document: Document, data: st.DataObject) -> None:
    more = data.draw(statements(9, False, False))
    assert canonical({"Statement": [*document["Statement"], more]}) != canonical(document)


# access ---------------------------------------------------------------------------------------------------------------

GRANTS = st.lists(
    st.fixed_dictionaries(
        {
            "bucket": st.sampled_from(["aaa", "bbb"]),
            "prefix": st.sampled_from(["", "x", "x/", "/y/z"]),
            "mode": st.sampled_from(access.MODES),
            "delete": st.booleans(),
        }
    ),
    min_size=1,
    max_size=4,
)
KEYS = ["1", "x", "x/1", "x/deep/1", "xy/1", "y/1", "y/z", "y/z/1", "y/zz/1"]
PREFIXES = ["", "x", "x/", "x/deep/", "xy/", "y/", "y/z", "y/z/", "y/zz/"]
READING, WRITING = {"s3:GetObject"}, {"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}


def like(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


def permits(document: Document, action: str, resource: str, prefix: str | None = None) -> bool:
    """What a server makes of the document: an own small reading of the language, for Allow and one condition."""
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow" and "*" not in "".join(statement["Action"])
        condition = statement.get("Condition")
        assert condition is None or (set(condition), set(condition["StringLike"])) == ({"StringLike"}, {"s3:prefix"})
        inside = condition is None or (
            prefix is not None and any(like(pattern, prefix) for pattern in condition["StringLike"]["s3:prefix"])
        )
        if action in statement["Action"] and inside and any(like(each, resource) for each in statement["Resource"]):
            return True
    return False


def meant(grants: list[Document], action: str, bucket: str, name: str) -> bool:
    """The same question in the words of the grants."""
    for grant in grants:
        words = grant["prefix"].strip("/")
        if grant["bucket"] != bucket or not (words == "" or name.startswith(words + "/")):
            continue
        if (
            (action == "s3:ListBucket" and grant["mode"] != "write")
            or (action in READING and grant["mode"] in ("read", "read-write"))
            or (action in WRITING and grant["mode"] in ("write", "read-write"))
            or (action == "s3:DeleteObject" and grant["delete"])
        ):
            return True
    return False


@given(GRANTS)
def test_a_grant_is_what_its_words_say(grants: list[Document]) -> None:
    document = access.document(grants, "x")
    assert parsed(document, "x") == document
    for bucket in ("aaa", "bbb", "ccc"):
        for action in sorted(f"s3:{name}" for name in ACTIONS["s3"] - {"ListBucket", "GetBucketLocation"}):
            for key in KEYS:
                expected = meant(grants, action, bucket, key)
                assert permits(document, action, f"{ARN}{bucket}/{key}") == expected, (action, bucket, key)
            assert not permits(document, action, f"{ARN}{bucket}")
        for prefix in PREFIXES:
            expected = meant(grants, "s3:ListBucket", bucket, prefix)
            assert permits(document, "s3:ListBucket", f"{ARN}{bucket}", prefix) == expected, (bucket, prefix)
        at_all = any(grant["bucket"] == bucket for grant in grants)
        assert permits(document, "s3:GetBucketLocation", f"{ARN}{bucket}") == at_all
        assert not permits(document, "s3:GetBucketLocation", f"{ARN}{bucket}-2")


@given(GRANTS)
def test_whoever_asks_what_is_granted_hears_what_the_document_says(grants: list[Document]) -> None:
    document = access.document(grants, "x")
    folders = [{**grant, "prefix": access.folder(grant["prefix"], "x")} for grant in grants]
    for bucket in ("aaa", "bbb", "ccc"):
        for folder in ("", "x/", "xy/", "y/", "y/z/"):
            for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
                said = access.granted(folders, action, bucket, folder)
                assert said == permits(document, action, f"{ARN}{bucket}/{folder}probe")
            said = access.granted(folders, "s3:ListBucket", bucket, folder)
            assert said == permits(document, "s3:ListBucket", f"{ARN}{bucket}", folder)
