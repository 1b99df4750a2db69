#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_object_info
short_description: Tell size and checksum of objects
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Looks at one object, or at all objects of a folder, and computes the SHA-256 of what is really stored.
  - The content is streamed and kept nowhere.
options:
  bucket:
    description: The bucket.
    type: str
    required: true
  key:
    description: One object. One that does not exist is an empty list.
    type: str
  prefix:
    description: All objects whose key begins like this.
    type: str
extends_documentation_fragment:
  - repro.stack.minio
  - repro.stack.attributes.info
"""

EXAMPLES = r"""
- name: Look at what MLflow stored
  repro.stack.minio_object_info:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    bucket: mlflow-artifacts
    prefix: 1/
  register: stored
"""

RETURN = r"""
objects:
  description: The objects, in the order of their keys.
  returned: success
  type: list
  elements: dict
  sample:
    - key: 1/model.pkl
      size: 5
      sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import arguments, connection
from ansible_collections.repro.stack.plugins.module_utils._minio.objects import objects
from ansible_collections.repro.stack.plugins.module_utils._minio.s3 import S3
from ansible_collections.repro.stack.plugins.module_utils._module import run_info


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **arguments(),
            "bucket": {"type": "str", "required": True},
            "key": {"type": "str", "no_log": False},
            "prefix": {"type": "str"},
        },
        mutually_exclusive=[("key", "prefix")],
        required_one_of=[("key", "prefix")],
        supports_check_mode=True,
    )
    given = module.params

    def read() -> dict[str, list[dict[str, object]]]:
        s3 = S3(connection(module), read_only=True)
        return {"objects": objects(s3, given["bucket"], key=given["key"], prefix=given["prefix"])}

    run_info(module, read)


if __name__ == "__main__":
    main()
