# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: project_usage
short_description: Warn where projects hold more than they should
version_added: 0.2.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Asks how much each project with a limit holds and how much of the drives is free, and warns where a limit is passed.
    Nothing is refused, since MinIO has no quotas for folders.
  - Where no limit is declared the server is not asked.
extends_documentation_fragment:
  - repro.stack.project.projects
  - repro.stack.project.buckets
  - repro.stack.minio
  - repro.stack.attributes.info
attributes:
  action:
    description: Runs M(repro.stack.minio_info) on the server and warns on the controller.
    support: full
options:
  stack:
    description: Name of the stack, which warnings begin with.
    type: str
    required: true
  usage_limit:
    description: What each project should hold at most. Empty for no limit.
    type: str
    default: ""
  free_disk:
    description: What should be free on the drives. Empty for no limit.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Warn where a project is too large
  repro.stack.project_usage:
    endpoint: http://127.0.0.1:9000
    access_key: administrator
    secret_key: "{{ vault_minio_administrator_password }}"
    stack: gpu.example.org
    usage_limit: 500GiB
    free_disk: 100GiB
    projects: "{{ projects }}"
"""

RETURN = r"""
projects:
  description: The projects with a limit, with the bytes of all their versions.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: churn, size: 1048576, limit: 536870912000}
disk:
  description: Bytes of all drives of the server together, and how many of them are free.
  returned: success
  type: dict
  sample: {size: 1000000000000, free: 400000000000}
over:
  description: The warnings.
  returned: success
  type: list
  elements: str
  sample: []
"""
