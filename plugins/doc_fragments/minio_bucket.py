# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible_collections.repro.stack.plugins.plugin_utils.documentation import listed, options

# What _minio/buckets/bucket.py takes: the same for one of a list and in a module of its own.
_BUCKET = """
name:
  description: Name of the bucket.
  type: str
  required: true
versioning:
  description: Whether old versions of an object are kept. V(false) suspends it.
  type: bool
object_lock:
  description: Whether objects can be locked against deletion. It is fixed when the bucket is created.
  type: bool
retention:
  description:
    - For how long a new object is kept from deletion.
    - It needs C(object_lock), which it implies for a new bucket.
    - V({}) removes it; objects that are there keep theirs.
  type: dict
  version_added: 0.2.0
  suboptions:
    mode:
      description: V(compliance) binds everybody, V(governance) all but those with the right to bypass it.
      type: str
      choices: [none, governance, compliance]
      default: none
    days:
      description: The time in days, or else C(years).
      type: int
    years:
      description: The time in years.
      type: int
quota:
  description: The most that the bucket may hold, such as V(10GiB), V(500MB) or a number of bytes. V(0) is no limit.
  type: str
tags:
  description: All tags of the bucket but those that begin with C(repro.stack/).
  type: dict
keep_old_versions_days:
  description:
    - Remove old versions this many days after they were replaced, and delete markers that hide nothing any more.
    - It is one more rule of C(lifecycle). V(0) keeps them for ever.
  type: int
lifecycle:
  description:
    - All lifecycle rules of the bucket. Rules that are not named here or by C(keep_old_versions_days) are removed.
  type: list
  elements: dict
  suboptions:
    id:
      description: Name of the rule.
      type: str
      required: true
    prefix:
      description: Only objects whose key begins like this.
      type: str
      default: ""
    tags:
      description: Only objects with all these tags.
      type: dict
      version_added: 0.2.0
    enabled:
      description: Whether the rule is applied.
      type: bool
      default: true
    expire_days:
      description: Remove an object this many days after it was written.
      type: int
    expire_delete_markers:
      description: Remove delete markers that hide nothing any more. Not together with C(expire_days).
      type: bool
      default: false
    noncurrent_days:
      description: Remove an old version this many days after it was replaced.
      type: int
    noncurrent_versions:
      description: Keep this many old versions of each object in any case.
      type: int
    abort_multipart_days:
      description:
        - Remove an upload in parts this many days after it began.
        - Refused with O(flavour=minio), since MinIO drops such a rule; by itself it removes uploads that were given
          up, after a day.
      type: int
      version_added: 0.2.0
encryption:
  description:
    - How an object is encrypted whose writer does not say it. V({}) is not at all.
    - MinIO needs key management (KMS) for either mode.
  type: dict
  version_added: 0.2.0
  suboptions:
    mode:
      description: V(sse-s3) is by a key that the server chooses, V(sse-kms) by C(key).
      type: str
      choices: [none, sse-s3, sse-kms]
      default: none
    key:
      description: Name of a key in the server's key management.
      type: str
notification:
  description: All notifications of the bucket.
  type: list
  elements: dict
  version_added: 0.2.0
  suboptions:
    arn:
      description:
        - Who is told. For MinIO this is V(arn:minio:sqs::<name>:<kind>), a target that the server is configured
          with by variables such as C(MINIO_NOTIFY_WEBHOOK_ENABLE_<name>).
      type: str
      required: true
    events:
      description: Of what, such as V(s3:ObjectCreated:*).
      type: list
      elements: str
      required: true
    prefix:
      description: Only for objects whose key begins like this.
      type: str
      default: ""
    suffix:
      description: Only for objects whose key ends like this.
      type: str
      default: ""
replication:
  description:
    - V(false) ends that MinIO copies the objects to another store, and removes the keys of that store from the bucket.
    - It cannot be set up here, so that V(true) is refused. Not with O(flavour=s3).
  type: bool
  version_added: 0.3.0
anonymous:
  description:
    - What somebody without any key may do.
    - V(none) removes the bucket's policy, and a request without a key proves that it is refused.
    - V(download) lets everybody list the bucket and read its objects.
    - A policy document, as a mapping or as JSON, says it in detail.
    - V(unmanaged) leaves the policy alone.
  type: raw
  default: none
state:
  description: Whether the bucket exists. One that is not empty is only removed with C(force).
  type: str
  choices: [present, absent]
  default: present
force:
  description: Remove the bucket with all objects and all versions in it.
  type: bool
  default: false
"""

_FLAVOUR = """
flavour:
  description:
    - V(minio) reads by one call of MinIO's admin API, which needs an administrator, and knows all options.
    - V(s3) speaks nothing but S3, for any store that does; a quota is refused.
  type: str
  choices: [minio, s3]
  default: minio
  version_added: 0.2.0
"""


class ModuleDocFragment:
    # with a type, for ansible-test takes what is merely assigned here for a text
    BUCKET: str = options(_BUCKET, _FLAVOUR)
    ALL: str = options(listed("buckets", "The buckets.", _BUCKET, more="required: true\n"), _FLAVOUR)
