#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_database
short_description: Give a service a PostgreSQL database that its role owns
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Keeps a role that can log in and nothing more, a database that it owns with its schema C(public), and who else may
    connect to that database. Every other right to connect is taken away, first of all the one that everybody has.
  - Limits, settings and memberships that somebody gave to the role or to the database are taken back. What lies in the
    schema C(public) is the owner's to use, but for what an extension brought.
  - In check mode the server itself refuses any write.
  - The login needs the rights of a superuser, since the password's verifier is readable to nobody else.
extends_documentation_fragment:
  - repro.stack.postgres
  - repro.stack.attributes
options:
  name:
    description: Name of the database.
    type: str
    required: true
  owner:
    description:
      - Role that owns the database; made where it is missing.
      - The database's own name if not given.
    type: str
  password:
    description:
      - Password of O(owner). It is compared with the server's verifier, without a login, and only a verifier is sent.
      - Left alone if not given.
    type: str
  connect:
    description: Existing roles that may connect to the database besides O(owner).
    type: list
    elements: str
    default: []
  encoding:
    description: Encoding of the database, fixed at its creation.
    type: str
    default: UTF8
  locale:
    description:
      - Locale of the database, fixed at its creation.
      - The server's own if not given.
    type: str
  exclusive:
    description:
      - Whether the server is there for such databases alone. What is set for everybody in it, by C(ALTER ROLE ALL) or
        in C(postgresql.auto.conf), is then taken back.
      - A setting that needs a restart is taken back before one makes it count, so that none is needed.
    type: bool
    default: false
    version_added: 0.3.0
  force:
    description: Whether O(state=absent) removes a database that is not empty or in use.
    type: bool
    default: false
  state:
    description:
      - Whether the database exists.
      - The role stays where V(absent) removes its database, since it may own other things.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Give MLflow its database
  repro.stack.postgres_database:
    login_unix_socket: /opt/postgres/run
    name: mlflow
    password: "{{ vault_postgres_mlflow_password }}"
    exclusive: true

- name: Give MLflow a database in a server that is already there
  repro.stack.postgres_database:
    login_dsn: "{{ vault_postgres_existing_dsn }}"
    name: mlflow
    password: "{{ vault_postgres_mlflow_password }}"
    connect: [grafana]
"""

RETURN = r"""
database:
  description: The database as it is now; empty once it is removed.
  returned: success
  type: dict
  sample:
    name: mlflow
    owner: mlflow
    encoding: UTF8
    locale: C.UTF-8
    role_attributes: [LOGIN]
    password: as declared
    privileges:
      mlflow: [CONNECT, CREATE, TEMPORARY]
    database_attributes: []
    public_schema:
      owner: mlflow
      privileges: [CREATE, USAGE]
      withheld: []
    server_settings: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._module import STATE, run_outcome
from ansible_collections.repro.stack.plugins.module_utils._postgres.connection import ARGUMENTS, ONE_OF, connect
from ansible_collections.repro.stack.plugins.module_utils._postgres.database import Database, desired_state
from ansible_collections.repro.stack.plugins.module_utils._reconcile import reconcile


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "name": {"type": "str", "required": True},
            "owner": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "connect": {"type": "list", "elements": "str", "default": []},
            "encoding": {"type": "str", "default": "UTF8"},
            "locale": {"type": "str"},
            "exclusive": {"type": "bool", "default": False},
            "force": {"type": "bool", "default": False},
            "state": STATE,
        },
        mutually_exclusive=ONE_OF,
        required_one_of=ONE_OF,
        supports_check_mode=True,
    )
    name, password = module.params["name"], module.params["password"]
    owner, exclusive = module.params["owner"] or name, module.params["exclusive"]
    absent = module.params["state"] == "absent"
    desired = desired_state(
        name,
        owner,
        connect=module.params["connect"],
        encoding=module.params["encoding"],
        locale=module.params["locale"],
        has_password=password is not None,
        exclusive=exclusive,
    )

    def work():
        keep_data = absent and not module.params["force"]
        database = Database(connect(module), name, owner, password, keep_data=keep_data, exclusive=exclusive)
        return reconcile(database, None if absent else desired, check_mode=module.check_mode)

    run_outcome(module, work, "database")


if __name__ == "__main__":
    main()
