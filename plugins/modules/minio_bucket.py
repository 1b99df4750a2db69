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
  - Creates, changes or removes a bucket with its versioning, quota, tags, lifecycle rules and access without a key.
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
  quota:
    description: The most that the bucket may hold, such as V(10GiB), V(500MB) or a number of bytes. V(0) is no limit.
    type: str
  tags:
    description: All tags of the bucket.
    type: dict
  keep_old_versions_days:
    description:
      - Remove old versions this many days after they were replaced, and delete markers that hide nothing any more.
      - It is one more rule of O(lifecycle). V(0) keeps them for ever.
    type: int
  lifecycle:
    description:
      - All lifecycle rules of the bucket. Rules that are not named here or by O(keep_old_versions_days) are removed.
      - MinIO itself removes uploads in parts that were given up, after a day; it has no rule for that.
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
from ansible_collections.repro.stack.plugins.module_utils._minio import bucket
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._minio.s3 import S3
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome, reconcile


def main() -> None:
    module = AnsibleModule(argument_spec={**arguments(), **bucket.ARGUMENTS}, supports_check_mode=True)

    def work() -> Outcome:
        desired = bucket.declared(module.params)
        s3 = S3(connection(module), read_only=module.check_mode)
        admin = Admin(connection(module), read_only=module.check_mode)
        resource = bucket.Bucket(s3, admin, module.params["name"], desired, force=module.params["force"])
        return reconcile(resource, desired, check_mode=module.check_mode)

    run_outcome(module, work, "bucket")


if __name__ == "__main__":
    main()
