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
extends_documentation_fragment:
  - repro.stack.minio_bucket.bucket
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
