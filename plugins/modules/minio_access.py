#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_access
short_description: Try what keys may do and what they must not
version_added: 0.2.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Signs in with every key and tries, at every place, to list, get, put and delete, and to change how the bucket is
    configured; and with every key, to use the admin API. Then it does the same without a key.
  - Fails where something is allowed that was not granted, or refused that was, and names it.
  - Each request is one that the server refuses after it has found its sender allowed to make it, so that nothing is
    written, removed or changed, no version or delete marker appears, and nobody who listens to a bucket's events hears
    of it. Therefore it also runs in check mode.
options:
  access_key:
    description: The identity that makes the calls. It is tried as an administrator, unless it is one of O(keys).
    type: str
    required: true
  keys:
    description: The keys to try.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The access key of a user or a service account.
        type: str
        required: true
      secret:
        description: Its secret key.
        type: str
        required: true
      access:
        description: All that it must be allowed, as for M(repro.stack.minio_policy). Each folder is tried by all keys.
        type: list
        elements: dict
        default: []
        suboptions:
          bucket:
            description: The bucket.
            type: str
            required: true
          prefix:
            description: Only this folder of the bucket. A slash is added at its end.
            type: str
            default: ""
          mode:
            description:
              - V(list) shows names, V(read) also the objects.
              - V(write) stores objects and sees nothing; V(read-write) is both.
            type: str
            choices: [list, read, write, read-write]
            required: true
          delete:
            description: Also delete objects.
            type: bool
            default: false
      administrator:
        description: Whether it must be allowed everything.
        type: bool
        default: false
      enabled:
        description: Whether it must work. With V(false) the server must not let it sign in.
        type: bool
        default: true
      expires:
        description: When it stops working, such as V(2027-01-31T00:00:00Z), or V(never). Later it must not sign in.
        type: str
        default: never
      state:
        description: Whether it must exist. With V(absent) the server must not let it sign in.
        type: str
        choices: [present, absent]
        default: present
      service_accounts:
        description:
          - Whether it must be allowed to make service accounts of its own, which a user is unless a policy denies it.
          - Left out, this is not tried.
        type: bool
  places:
    description: Where every key is tried, beside the folders that are granted to any of them.
    type: list
    elements: dict
    required: true
    suboptions:
      bucket:
        description: The bucket.
        type: str
        required: true
      prefix:
        description: A folder of the bucket. What is tried is an object directly in it.
        type: str
        default: ""
      anonymous:
        description:
          - What somebody without a key must be allowed, as for M(repro.stack.minio_bucket). V(none) is nothing,
            V(download) is to list and to get.
          - With anything else, such as a policy document, nothing is tried without a key.
        type: raw
        default: none
extends_documentation_fragment:
  - repro.stack.minio
  - repro.stack.attributes.info
notes:
  - MinIO looks into the policy of a bucket only for requests without a key. What a key may do is in the policies of
    its user, and in its own.
  - Whether a key may remove whole buckets cannot be tried without removing an empty one.
seealso:
  - module: repro.stack.minio_iam
  - module: repro.stack.minio_buckets
"""

EXAMPLES = r"""
- name: Prove that the key of MLflow reaches its bucket and nothing else
  repro.stack.minio_access:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    keys:
      - name: mlflow
        secret: "{{ vault_minio_mlflow_secret_key }}"
        access:
          - {bucket: mlflow-artifacts, mode: read-write}
        service_accounts: false
    places:
      - {bucket: mlflow-artifacts}
      - {bucket: datasets}
      - {bucket: public, anonymous: download}
"""

RETURN = r"""
tried:
  description: How many C(keys) were tried with how many C(requests), and how many of these had which answer.
  returned: always
  type: dict
  sample: {keys: 2, requests: 63, allowed: 31, denied: 32}
surprises:
  description:
    - What is not as declared. The module fails if there is any.
    - C(key) is empty for somebody without a key. C(found) is V(allowed), V(denied), V(unknown), V(disabled),
      V(wrong secret), V(no such bucket) or V(unclear). C(code) is the server's own word.
  returned: always
  type: list
  elements: dict
  sample:
    - {key: mlflow, operation: delete, place: mlflow-artifacts/, expected: denied, found: allowed, code: ""}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._minio.permissions.probe import ARGUMENTS, probe
from ansible_collections.repro.stack.plugins.module_utils._module import run_info


def main() -> None:
    module = AnsibleModule(argument_spec={**arguments(), **ARGUMENTS}, supports_check_mode=True)
    run_info(module, lambda: probe(connection(module), module.params["keys"], module.params["places"]))


if __name__ == "__main__":
    main()
