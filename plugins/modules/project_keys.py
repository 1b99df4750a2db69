# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: project_keys
short_description: Keep a file on the controller for each key of the projects
version_added: 0.2.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Gives every member of a project, and every machine of it, a secret and a file that AWS clients read as it is. The
    file is readable by its owner alone and lies on the controller, as the user who runs Ansible.
  - The file is written before the key exists in the store, so that M(repro.stack.minio_iam) completes a run that was
    interrupted in between.
  - A key without a file whose user exists in the store was handed over; its secret is left alone. The server is asked
    for its users only where a file is missing.
  - A file that was written for a key that is not declared any more is removed.
  - Secrets are never returned or shown; the lookup P(repro.stack.project_identities#lookup) reads them.
extends_documentation_fragment:
  - repro.stack.project.projects
  - repro.stack.project.teams
  - repro.stack.project.buckets
  - repro.stack.minio
  - repro.stack.attributes
attributes:
  action:
    description: Runs on the controller, and runs M(repro.stack.minio_info) on the server where it must.
    support: full
options:
  stack:
    description: Name of the stack, which marks the files as its own.
    type: str
    required: true
  client_endpoint:
    description: Address at which the owner of a key reaches the store.
    type: str
    required: true
  directory:
    description:
      - Folder of the files. It is made with mode 0700; one that is open to others is refused.
      - A C(.gitignore) in it keeps the files out of Git. It is written where it is missing, and otherwise left alone.
    type: path
    required: true
  held_elsewhere:
    description: Names of keys whose secret the inventory gives. They have no file.
    type: list
    elements: str
    default: []
  reissue:
    description: Names of keys that get a new secret and a new file, in every run that says so. It is never idempotent.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Issue the keys of the projects
  repro.stack.project_keys:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    stack: gpu.example.org
    client_endpoint: http://127.0.0.1:9000
    directory: "{{ inventory_dir }}/.keys"
    projects:
      - {name: churn, members: {alice: write, bob: read}}
"""

RETURN = r"""
issued:
  description: Names of the keys that were given a secret.
  returned: success
  type: list
  elements: str
  sample: [alice, bob, churn-ci]
directory:
  description: The folder of the files.
  returned: success
  type: str
  sample: /home/platform/stack/inventories/gpu_server/.keys/gpu.example.org
"""
