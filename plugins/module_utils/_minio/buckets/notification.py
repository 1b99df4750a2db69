# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Whom the store tells about what happens to the objects of a bucket."""

from __future__ import annotations

import difflib
import re
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.bucket_documents import Document, listed
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.flavour import MINIO

Notification = dict[str, t.Any]

# MinIO's own, and what other stores have beside them.
_EVENTS = """
    BucketCreated:* BucketRemoved:* IntelligentTiering LifecycleDelMarkerExpiration:Delete LifecycleExpiration:*
    LifecycleExpiration:Delete LifecycleExpiration:DeleteMarkerCreated LifecycleTransition ObjectAccessed:*
    ObjectAccessed:Attributes ObjectAccessed:Get ObjectAccessed:GetLegalHold ObjectAccessed:GetRetention
    ObjectAccessed:Head ObjectAcl:Put ObjectCreated:* ObjectCreated:CompleteMultipartUpload ObjectCreated:Copy
    ObjectCreated:DeleteTagging ObjectCreated:Post ObjectCreated:Put ObjectCreated:PutLegalHold
    ObjectCreated:PutRetention ObjectCreated:PutTagging ObjectRemoved:* ObjectRemoved:Delete
    ObjectRemoved:DeleteAllVersions ObjectRemoved:DeleteMarkerCreated ObjectRemoved:NoOP ObjectRestore:*
    ObjectRestore:Completed ObjectRestore:Delete ObjectRestore:Post ObjectTagging:* ObjectTagging:Delete
    ObjectTagging:Put ObjectTransition:* ObjectTransition:Complete ObjectTransition:Failed
    ReducedRedundancyLostObject Replication:* Replication:OperationCompletedReplication
    Replication:OperationFailedReplication Replication:OperationMissedThreshold Replication:OperationNotTracked
    Replication:OperationReplicatedAfterThreshold Scanner:BigPrefix Scanner:LargeVersions Scanner:ManyVersions
"""
EVENTS = [f"s3:{event}" for event in _EVENTS.split()]
# The service in an ARN -> the element of the document and its ARN, the list of boto3 and its ARN.
KINDS = {
    "sqs": ("QueueConfiguration", "Queue", "QueueConfigurations", "QueueArn"),
    "sns": ("TopicConfiguration", "Topic", "TopicConfigurations", "TopicArn"),
    "lambda": ("CloudFunctionConfiguration", "CloudFunction", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
}
MINIO_ARN = re.compile(r"arn:minio:sqs:[^:]*:[^:]+:[^:]+")

ARGUMENTS: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "arn": {"type": "str", "required": True},
        "events": {"type": "list", "elements": "str", "required": True},
        "prefix": {"type": "str", "default": ""},
        "suffix": {"type": "str", "default": ""},
    },
}


def declared(given: list[dict[str, t.Any]] | None, flavour: str, where: str) -> list[Notification] | None:
    if given is None:
        return None
    wanted = [_canonical(each["arn"], each["events"], each["prefix"], each["suffix"]) for each in given]
    for each in wanted:
        _check(each, flavour, f"{where}: notification {each['arn']}")
    for number, each in enumerate(wanted):
        if each in wanted[:number]:
            raise InvalidInputError(f"{where}: notification {each['arn']} is declared twice for the same events")
    return _sorted(wanted)


def found(document: Document) -> list[Notification]:
    """What the bucket has; what has no word here stays visible as ``other``."""
    rest, wanted = dict(document), []
    for element, target, *_boto3 in KINDS.values():
        for each in listed(rest.pop(element, None)):
            rules = listed(((each.get("Filter") or {}).get("S3Key") or {}).get("FilterRule"))
            ends = {rule["Name"].lower(): rule.get("Value", "") for rule in rules}
            wanted.append(
                _canonical(each[target], listed(each.get("Event")), ends.get("prefix", ""), ends.get("suffix", ""))
            )
    return _sorted(wanted) + [{"other": name} for name in sorted(rest)]


def request(notifications: list[Notification]) -> tuple[str, dict[str, t.Any]]:
    configuration: dict[str, t.Any] = {}
    for each in notifications:
        _element, _target, kind, name = KINDS[_service(each["arn"])]
        made: dict[str, t.Any] = {name: each["arn"], "Events": each["events"]}
        ends = [{"Name": end, "Value": each[end]} for end in ("prefix", "suffix") if each[end]]
        if ends:
            made["Filter"] = {"Key": {"FilterRules": ends}}
        configuration.setdefault(kind, []).append(made)
    return "put_bucket_notification_configuration", {"NotificationConfiguration": configuration}


def refuse_unknown(notifications: t.Iterable[Notification], known: t.Iterable[str], where: str) -> None:
    """MinIO takes only targets of its own configuration, and does not say which it has."""
    targets = sorted(_canonical(arn, (), "", "")["arn"] for arn in known)
    for each in notifications:
        if each["arn"] not in targets:
            has = f"it has {', '.join(targets)}" if targets else "it has none, variables MINIO_NOTIFY_... define them"
            raise InvalidInputError(f"{where}: the server has no notification target {each['arn']}; {has}")


def _canonical(arn: str, events: t.Iterable[str], prefix: str, suffix: str) -> Notification:
    if MINIO_ARN.fullmatch(arn):  # MinIO writes its region into it
        arn = ":".join([*arn.split(":")[:3], "", *arn.split(":")[4:]])
    return {"arn": arn, "events": sorted(set(events)), "prefix": prefix, "suffix": suffix}


def _check(wanted: Notification, flavour: str, where: str) -> None:
    if flavour == MINIO and not MINIO_ARN.fullmatch(wanted["arn"]):
        raise InvalidInputError(f"{where}: a target of MinIO is called arn:minio:sqs::<name>:<kind>")
    if _service(wanted["arn"]) not in KINDS:
        raise InvalidInputError(f"{where}: an ARN begins with arn: and names one of {', '.join(KINDS)}")
    if not wanted["events"]:
        raise InvalidInputError(f"{where}: name at least one event")
    for event in wanted["events"]:
        if event not in EVENTS:
            near = difflib.get_close_matches(event, EVENTS, n=1, cutoff=0)
            raise InvalidInputError(f"{where}: there is no event {event}; the nearest is {near[0]}")


def _service(arn: str) -> str:
    parts = arn.split(":")
    return parts[2] if len(parts) > 5 and parts[0] == "arn" else ""


def _sorted(notifications: list[Notification]) -> list[Notification]:
    return sorted(notifications, key=lambda each: (each["arn"], each["prefix"], each["suffix"], each["events"]))
