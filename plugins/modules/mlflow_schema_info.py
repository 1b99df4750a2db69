#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: mlflow_schema_info
short_description: Tell which version of MLflow's schema a database has
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Reads the version that MLflow recorded in its database and compares it with those that an MLflow server knows.
  - An MLflow server upgrades an older database when it starts, without a way back, and fails on a newer one.
extends_documentation_fragment:
  - repro.stack.postgres
  - repro.stack.attributes.info
options:
  name:
    description: Name of the database.
    type: str
    required: true
  known_revisions:
    description: The versions that the server knows, oldest first. The last is the one that it runs with.
    type: list
    elements: str
    required: true
  required:
    description: Whether it is an error that PostgreSQL does not run.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Look before MLflow is upgraded
  repro.stack.mlflow_schema_info:
    login_unix_socket: /opt/postgres/run
    name: mlflow
    known_revisions: "{{ lookup('ansible.builtin.file', 'schema-revisions').splitlines() }}"
  register: found
"""

RETURN = r"""
schema:
  description: What was found.
  returned: success
  type: dict
  contains:
    state:
      description:
        - V(current) if the server runs with it as it is, V(older) if it needs an upgrade.
        - V(unknown) if the server does not know it, because a newer one or another program made it.
        - V(empty) if nothing is in the database, V(missing) if there is no such database.
        - V(unreachable) if PostgreSQL does not run.
      type: str
      returned: success
      sample: current
    revision:
      description: The version that MLflow recorded, if any.
      type: str
      returned: success
      sample: dc11669786a5
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._mlflow.schema import read_schema
from ansible_collections.repro.stack.plugins.module_utils._module import run_info
from ansible_collections.repro.stack.plugins.module_utils._postgres.connection import ARGUMENTS, ONE_OF, connect


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "name": {"type": "str", "required": True},
            "known_revisions": {"type": "list", "elements": "str", "required": True},
            "required": {"type": "bool", "default": True},
        },
        mutually_exclusive=ONE_OF,
        required_one_of=ONE_OF,
        supports_check_mode=True,
    )
    name, known, required = (module.params[key] for key in ("name", "known_revisions", "required"))
    run_info(module, lambda: {"schema": read_schema(connect(module), name, known, required=required)})


if __name__ == "__main__":
    main()
