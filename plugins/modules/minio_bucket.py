#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_bucket
short_description: Keep one bucket as declared
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Creates, changes or removes a bucket with its versioning, object lock and retention, quota, tags, lifecycle rules,
    default encryption, notification and access without a key.
  - What is written is read back; a setting that the server dropped is an error.
options:
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
      - It needs O(object_lock), which it implies for a new bucket.
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
        description: The time in days, or else O(retention.years).
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
      - It is one more rule of O(lifecycle). V(0) keeps them for ever.
    type: int
  lifecycle:
    description:
      - All lifecycle rules of the bucket. Rules that are not named here or by O(keep_old_versions_days) are removed.
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
        description: Remove delete markers that hide nothing any more. Not together with O(lifecycle[].expire_days).
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
        description: V(sse-s3) is by a key that the server chooses, V(sse-kms) by O(encryption.key).
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
    description: Whether the bucket exists. One that is not empty is only removed with O(force).
    type: str
    choices: [present, absent]
    default: present
  force:
    description: Remove the bucket with all objects and all versions in it.
    type: bool
    default: false
  flavour:
    description:
      - V(minio) reads by one call of MinIO's admin API, which needs an administrator, and knows all options.
      - V(s3) speaks nothing but S3, for any store that does; a quota is refused.
    type: str
    choices: [minio, s3]
    default: minio
    version_added: 0.2.0
extends_documentation_fragment:
  - repro.stack.minio
  - repro.stack.attributes
seealso:
  - module: repro.stack.minio_buckets
"""

EXAMPLES = r"""
- name: Keep the bucket of data versions
  repro.stack.minio_bucket:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    name: dvc
    versioning: true
    keep_old_versions_days: 90
    quota: 2TiB

- name: Keep what was released from deletion, and tell a webhook of it
  repro.stack.minio_bucket:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    name: releases
    retention: {mode: governance, days: 365}
    notification:
      - {arn: "arn:minio:sqs::registry:webhook", events: ["s3:ObjectCreated:*"], suffix: .onnx}

- name: Keep a bucket in a store of another kind
  repro.stack.minio_bucket:
    endpoint: https://s3.example.org
    access_key: AKIAEXAMPLE
    secret_key: "{{ vault_s3_secret_key }}"
    flavour: s3
    name: datasets
    versioning: true
    lifecycle:
      - {id: uploads-given-up, abort_multipart_days: 3}
"""

RETURN = r"""
bucket:
  description: The managed fields of the bucket; null if it is absent. Rules of the lifecycle are all listed.
  returned: success
  type: dict
  sample:
    name: dvc
    versioning: true
    anonymous: none
    lifecycle:
      - {id: keep-old-versions, prefix: "", enabled: true, noncurrent_days: 90, expire_delete_markers: true}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets import bucket, buckets, flavour
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.store import open_store
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome


def main() -> None:
    module = AnsibleModule(
        argument_spec={**arguments(), **bucket.ARGUMENTS, "flavour": flavour.ARGUMENT}, supports_check_mode=True
    )
    given = module.params

    def work() -> Outcome:
        wanted = bucket.declared(given, given["flavour"])
        store = open_store(connection(module), given["flavour"], ahead=False, read_only=module.check_mode)
        return buckets.apply_one(store, given["name"], wanted, force=given["force"], check_mode=module.check_mode)

    run_outcome(module, work, "bucket")


if __name__ == "__main__":
    main()
