# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The words of policies that MinIO knows: it stores others too, and never matches them."""

from __future__ import annotations

import difflib
import functools
import re
import typing as t


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


OBJECT_ACTIONS = _words("""
    AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectTagging DeleteObjectVersion
    DeleteObjectVersionTagging GetObject GetObjectAttributes GetObjectLegalHold GetObjectRetention GetObjectTagging
    GetObjectVersion GetObjectVersionAttributes GetObjectVersionForReplication GetObjectVersionTagging
    ListMultipartUploadParts PutObject PutObjectFanOut PutObjectLegalHold PutObjectRetention PutObjectTagging
    PutObjectVersionTagging ReplicateDelete ReplicateObject ReplicateTags ResetBucketReplicationState RestoreObject
""")
BUCKET_ACTIONS = _words("""
    CreateBucket DeleteBucket DeleteBucketCors DeleteBucketPolicy ForceDeleteBucket GetBucketCors GetBucketLocation
    GetBucketNotification GetBucketObjectLockConfiguration GetBucketPolicy GetBucketPolicyStatus GetBucketTagging
    GetBucketVersioning GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration HeadBucket
    ListAllMyBuckets ListBucket ListBucketMultipartUploads ListBucketVersions ListenBucketNotification
    ListenNotification PutBucketCors PutBucketNotification PutBucketObjectLockConfiguration PutBucketPolicy
    PutBucketTagging PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration
    PutReplicationConfiguration
""")
ACTIONS = {
    "s3": OBJECT_ACTIONS | BUCKET_ACTIONS,
    "admin": _words("""
        AddUserToGroup AttachUserOrGroupPolicy BandwidthMonitor CancelBatchJob ConfigUpdate ConsoleLog CreatePolicy
        CreateServiceAccount CreateUser DataUsageInfo Decommission DeletePolicy DeleteUser DescribeBatchJob
        DisableGroup DisableUser EnableGroup EnableUser ExportBucketMetadata ExportIAM GetBucketQuota GetBucketTarget
        GetGroup GetPolicy GetUser Heal ImportBucketMetadata ImportIAM KMSCreateKey KMSKeyStatus ListBatchJobs
        ListGroups ListServiceAccounts ListTemporaryAccounts ListTier ListUserPolicies ListUsers OBDInfo Profiling
        Prometheus Rebalance RemoveServiceAccount RemoveUserFromGroup ReplicationDiff ServerInfo ServerTrace
        ServerUpdate ServiceFreeze ServiceRestart ServiceStop SetBucketQuota SetBucketTarget SetTier
        SiteReplicationAdd SiteReplicationDisable SiteReplicationInfo SiteReplicationOperation SiteReplicationRemove
        SiteReplicationResync StartBatchJob StorageInfo TopLocksInfo UpdatePolicyAssociation UpdateServiceAccount
    """),
    "kms": _words("""
        API AssignPolicy AuditLog CreateKey DeleteIdentity DeleteKey DeletePolicy DescribeIdentity DescribePolicy
        DescribeSelfIdentity ErrorLog GetPolicy ImportKey KeyStatus ListIdentities ListKeys ListPolicies Metrics
        SetPolicy Status Version
    """),
    "sts": _words("AssumeRoleWithWebIdentity"),
}

NUMERIC = _words("""
    NumericEquals NumericGreaterThan NumericGreaterThanEquals NumericGreaterThanIfExists NumericLessThan
    NumericLessThanEquals NumericNotEquals
""")
DATE = _words("DateEquals DateGreaterThan DateGreaterThanEquals DateLessThan DateLessThanEquals DateNotEquals")
NETWORK = _words("IpAddress NotIpAddress")
STRING = _words("""
    BinaryEquals StringEquals StringEqualsIgnoreCase StringLike StringNotEquals StringNotEqualsIgnoreCase
    StringNotLike
""")
QUALIFIED = {f"{qualifier}:{operator}" for qualifier in ("ForAllValues", "ForAnyValue") for operator in STRING}
OPERATORS = STRING | QUALIFIED | NUMERIC | DATE | NETWORK | {"Bool", "Null"}

# Keys of conditions: those that every request has, and those of single S3 actions.
_ALWAYS = _words("""
    aws:CurrentTime aws:EpochTime aws:Referer aws:SecureTransport aws:SourceIp aws:UserAgent aws:groups
    aws:principaltype aws:userid aws:username jwt:address jwt:aud jwt:birthdate jwt:client_id jwt:email
    jwt:family_name jwt:gender jwt:given_name jwt:groups jwt:iss jwt:jti jwt:middle_name jwt:name jwt:nickname
    jwt:phone_number jwt:picture jwt:preferred_username jwt:profile jwt:scope jwt:sub jwt:upn jwt:website ldap:groups
    ldap:user ldap:username
""")
_LISTING = _words("ListBucket ListBucketVersions")
_LOCKING = _words("BypassGovernanceRetention PutObject PutObjectRetention")
_ENCRYPTED = _words("GetObject GetObjectRetention PutObject PutObjectLegalHold PutObjectRetention")
_NEW_TAGS = _words("BypassGovernanceRetention PutBucketTagging PutObject PutObjectTagging PutObjectVersionTagging")
_OLD_TAGS = _words("""
    DeleteObjectTagging DeleteObjectVersionTagging GetObject GetObjectAttributes GetObjectTagging GetObjectVersion
    GetObjectVersionAttributes GetObjectVersionForReplication GetObjectVersionTagging PutObjectTagging
    PutObjectVersionTagging ReplicateDelete ReplicateObject ReplicateTags
""")
_VERSIONED = _OLD_TAGS - {"GetObjectAttributes"} | _words("""
    BypassGovernanceRetention DeleteObject DeleteObjectVersion GetObjectRetention PutObject PutObjectLegalHold
    PutObjectRetention
""")
ACTIONS_OF_KEY = {
    "s3:ExistingObjectTag": _OLD_TAGS,
    "s3:RequestObjectTag": _NEW_TAGS,
    "s3:RequestObjectTagKeys": _NEW_TAGS,
    "s3:delimiter": _LISTING,
    "s3:max-keys": _LISTING,
    "s3:object-lock-legal-hold": _words("BypassGovernanceRetention PutObject PutObjectLegalHold"),
    "s3:object-lock-mode": _LOCKING,
    "s3:object-lock-remaining-retention-days": _LOCKING - {"PutObject"},
    "s3:object-lock-retain-until-date": _LOCKING,
    "s3:prefix": _LISTING,
    "s3:versionid": _VERSIONED,
    "s3:x-amz-copy-source": _words("PutObject"),
    "s3:x-amz-metadata-directive": _words("PutObject"),
    "s3:x-amz-server-side-encryption": _ENCRYPTED,
    "s3:x-amz-server-side-encryption-aws-kms-key-id": _ENCRYPTED,
    "s3:x-amz-server-side-encryption-customer-algorithm": _ENCRYPTED,
    "s3:x-amz-storage-class": _words("PutObject"),
}
OF_ACTIONS = frozenset(ACTIONS_OF_KEY)
KEYS = {
    "s3": _ALWAYS
    | OF_ACTIONS
    | _words("s3:LocationConstraint s3:authType s3:signatureAge s3:signatureversion s3:x-amz-content-sha256"),
    "admin": _ALWAYS | {"svc:DurationSeconds"},
    "kms": _ALWAYS,
    "sts": frozenset({"sts:DurationSeconds"}),
}
# These are followed by a slash and the name of the tag.
TAG_KEYS = ("s3:ExistingObjectTag", "s3:RequestObjectTag")
DATE_KEYS = ("aws:CurrentTime", "s3:object-lock-retain-until-date")
# What the server takes of keys that have only a few values, where they are compared and not matched by a pattern.
VALUES_OF_KEY = {
    "s3:x-amz-metadata-directive": ("COPY", "REPLACE"),
    "s3:x-amz-server-side-encryption": ("AES256", "aws:kms"),
    "s3:x-amz-server-side-encryption-customer-algorithm": ("AES256",),
}


@functools.lru_cache(maxsize=1024)
def matched(service: str, name: str) -> frozenset[str]:
    """The actions that are meant; only those of S3 may be written with * and ? in any place."""
    known = ACTIONS[service]
    if name in known:
        return frozenset({name})
    if service == "s3":
        pattern = re.compile("".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in name))
        return frozenset(filter(pattern.fullmatch, known))
    return known if name == "*" and service != "sts" else frozenset()


def nearest(word: str, words: t.Iterable[str]) -> str:
    """The word that was probably meant, whatever its upper and lower case."""
    by_lower = {each.lower(): each for each in sorted(words)}
    return by_lower[difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0)[0]]
