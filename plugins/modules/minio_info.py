#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_info
short_description: Tell who the caller is and what a MinIO server has
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Tells what the given key is to the server, and lists buckets, policies, users, groups and service accounts, without
    secrets.
options:
  gather:
    description:
      - What to list. With an empty list only RV(caller) is told, and an unknown key or a wrong secret is an answer;
        with
        anything in it they are errors.
      - Lists and V(disk) need an administrator.
    type: list
    elements: str
    choices: [buckets, policies, users, groups, service_accounts, disk]
    default: [buckets, policies, users, groups, service_accounts, disk]
  folders:
    description:
      - Folders of which to tell how much they hold. MinIO keeps no count of folders, so their versions are listed,
        which takes about five seconds for each 100,000.
    type: list
    elements: dict
    default: []
    suboptions:
      bucket:
        description: The bucket.
        type: str
        required: true
      prefix:
        description: The folder. All keys that begin with it are counted.
        type: str
        default: ""
extends_documentation_fragment:
  - repro.stack.minio
  - repro.stack.attributes.info
"""

EXAMPLES = r"""
- name: See whether the administrator is there
  repro.stack.minio_info:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    gather: []
    wait: 60
  register: found

- name: See how full the server is, and how much of it a project has
  repro.stack.minio_info:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    gather: [disk]
    folders:
      - {bucket: datasets, prefix: churn/}
      - {bucket: dvc, prefix: churn/}

- name: List what the server has
  repro.stack.minio_info:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
"""

RETURN = r"""
caller:
  description:
    - What O(access_key) is to the server.
    - V(administrator) may do everything; V(valid) is known, with less; V(wrong_secret) is known with another secret.
    - V(unknown) does not exist, or is disabled.
  returned: success
  type: str
  sample: administrator
buckets:
  description:
    - All buckets, as M(repro.stack.minio_bucket) tells them, with C(size) in bytes and the number of C(objects).
    - These two are those of the server's last scan, and null before the first.
  returned: if asked for
  type: list
  elements: dict
  sample:
    - {name: dvc, versioning: true, object_lock: false, quota: 0, anonymous: none, size: 1048576, objects: 3}
policies:
  description: All policies.
  returned: if asked for
  type: list
  elements: dict
  sample:
    - {name: readonly, document: {Version: "2012-10-17", Statement: []}}
users:
  description: All users but root.
  returned: if asked for
  type: list
  elements: dict
  sample:
    - {name: platform, enabled: true, policies: [platform], groups: []}
groups:
  description: All groups.
  returned: if asked for
  type: list
  elements: dict
  sample:
    - {name: vision, enabled: true, members: [alice], policies: [datasets]}
service_accounts:
  description: All service accounts.
  returned: if asked for
  type: list
  elements: dict
  sample:
    - {name: mlflow, parent: platform, enabled: true, expires: never}
disk:
  description:
    - Bytes of all drives of the server together, and how many of them are free. With parity, less than that can be
      stored.
  returned: if asked for
  type: dict
  sample: {size: 1000000000000, free: 400000000000}
folders:
  description: The folders asked for, with the bytes and the number of all their versions.
  returned: if asked for
  type: list
  elements: dict
  sample:
    - {bucket: dvc, prefix: churn/, size: 1048576, versions: 3}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._minio.info import SUBSETS, info
from ansible_collections.repro.stack.plugins.module_utils._module import run_info


def main() -> None:
    gather = {"type": "list", "elements": "str", "choices": list(SUBSETS), "default": list(SUBSETS)}
    folders = {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"bucket": {"type": "str", "required": True}, "prefix": {"type": "str", "default": ""}},
    }
    module = AnsibleModule(
        argument_spec={**arguments(), "gather": gather, "folders": folders}, supports_check_mode=True
    )
    run_info(module, lambda: info(connection(module), module.params["gather"], module.params["folders"]))


if __name__ == "__main__":
    main()
