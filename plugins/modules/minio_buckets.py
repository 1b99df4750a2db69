#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_buckets
short_description: Keep a list of buckets as declared
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Brings every bucket of a list to its declared state, several at a time.
  - What is written is read back; a setting that the server dropped is an error.
  - Buckets that are not listed are left alone unless O(purge) says otherwise.
options:
  buckets:
    description: The buckets.
    type: list
    elements: dict
    required: true
    suboptions:
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
          - It needs O(buckets[].object_lock), which it implies for a new bucket.
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
            description: The time in days, or else O(buckets[].retention.years).
            type: int
          years:
            description: The time in years.
            type: int
      quota:
        description: The most that the bucket may hold, such as V(10GiB), V(500MB) or a number of bytes. V(0) is no
          limit.
        type: str
      tags:
        description: All tags of the bucket but those that begin with C(repro.stack/).
        type: dict
      keep_old_versions_days:
        description:
          - Remove old versions this many days after they were replaced, and delete markers that hide nothing any
            more.
          - It is one more rule of O(buckets[].lifecycle). V(0) keeps them for ever.
        type: int
      lifecycle:
        description:
          - All lifecycle rules of the bucket. Rules that are not named here or by
            O(buckets[].keep_old_versions_days) are removed.
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
            description: Remove delete markers that hide nothing any more. Not together with
              O(buckets[].lifecycle[].expire_days).
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
              - Refused with O(flavour=minio), since MinIO drops such a rule; by itself it removes uploads that were
                given up, after a day.
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
            description: V(sse-s3) is by a key that the server chooses, V(sse-kms) by O(buckets[].encryption.key).
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
        description: Whether the bucket exists. One that is not empty is only removed with O(buckets[].force).
        type: str
        choices: [present, absent]
        default: present
      force:
        description: Remove the bucket with all objects and all versions in it.
        type: bool
        default: false
  purge:
    description:
      - What becomes of buckets that are not listed. V(managed) removes those that bear the mark of O(manager), V(all)
        also those without any mark.
      - Where one of them is not empty nothing at all is changed, unless O(force) is set.
    type: str
    choices: [none, managed, all]
    default: none
    version_added: 0.2.0
  manager:
    description:
      - A word for whoever keeps these buckets, such as the name of a stack. It is written on each of them, new or not,
        as the tag C(repro.stack/manager).
      - A bucket with the mark of another manager is refused.
    type: str
    version_added: 0.2.0
  force:
    description: Purge buckets with all objects and all versions in them.
    type: bool
    default: false
    version_added: 0.2.0
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
  - module: repro.stack.minio_bucket
"""

EXAMPLES = r"""
- name: Keep the buckets of the stack
  repro.stack.minio_buckets:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    buckets:
      - name: datasets
        versioning: true
        keep_old_versions_days: 30
      - name: scratch
        quota: 100GiB
        lifecycle:
          - id: empty-every-week
            expire_days: 7

- name: Keep these buckets, and remove those that left the list
  repro.stack.minio_buckets:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    manager: team-a
    purge: managed
    buckets:
      - {name: datasets, versioning: true}
"""

RETURN = r"""
buckets:
  description: The managed fields of the buckets that were changed, by name; null for one that was removed.
  returned: success
  type: dict
  sample:
    dvc:
      name: dvc
      versioning: true
      anonymous: none
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets import bucket, buckets, flavour
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.store import open_store
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import purge
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **arguments(),
            "buckets": {"type": "list", "elements": "dict", "required": True, "options": bucket.ARGUMENTS},
            **purge.ARGUMENTS,
            "force": {"type": "bool", "default": False},
            "flavour": flavour.ARGUMENT,
        },
        required_if=[("purge", purge.MANAGED, ["manager"])],
        supports_check_mode=True,
    )
    given = module.params

    def work() -> Outcome:
        wanted = buckets.declared(given["buckets"], given["flavour"], given["manager"])
        store = open_store(connection(module), given["flavour"], ahead=True, read_only=module.check_mode)
        return buckets.apply_all(
            store,
            wanted,
            forced=[each["name"] for each in given["buckets"] if each["force"]],
            purge=given["purge"],
            manager=given["manager"],
            force=given["force"],
            check_mode=module.check_mode,
        )

    run_outcome(module, work, "buckets")


if __name__ == "__main__":
    main()
