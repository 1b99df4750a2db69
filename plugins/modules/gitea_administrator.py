#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: gitea_administrator
short_description: Keep an administrator of a Gitea in a container, with a declared password
version_added: 0.3.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Signs in with the password. Where that works and the account is an administrator's, this is all, but for a look
    whether an interrupted repair left its account behind.
  - Where it does not, Gitea's own program in the container makes another administrator, by whom the API sets the
    password and the right, and which is then removed.
  - No secret is in a command line, in an environment or in what the module returns.
extends_documentation_fragment:
  - repro.stack.gitea.connection
  - repro.stack.attributes
options:
  name:
    description: Name of the account.
    type: str
    required: true
  password:
    description: Its password.
    type: str
    required: true
  email:
    description: Its address, if it must be made. Later it is left alone.
    type: str
    required: true
  container:
    description: Container that Gitea runs in, on this host.
    type: str
    required: true
  config:
    description: Gitea's configuration file in the container.
    type: str
    default: /etc/gitea/app.ini
requirements:
  - Python packages C(requests) and C(docker) where the module runs
notes:
  - Two-factor authentication of the account keeps the module out.
"""

EXAMPLES = r"""
- name: Keep the administrator
  repro.stack.gitea_administrator:
    endpoint: http://127.0.0.1:3000
    name: administrator
    password: "{{ vault_gitea_administrator_password }}"
    email: administrator@example.org
    container: gitea
"""

RETURN = r"""
administrator:
  description: The account as it is now.
  returned: success
  type: dict
  sample:
    name: administrator
    administrator: true
    password: as declared
    left_behind: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils import _http
from ansible_collections.repro.stack.plugins.module_utils._gitea.administrator import Administrator, program_in
from ansible_collections.repro.stack.plugins.module_utils._gitea.connection import client
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import SECRET_AS_DECLARED, reconcile


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "endpoint": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "email": {"type": "str", "required": True},
            "container": {"type": "str", "required": True},
            "config": {"type": "str", "default": "/etc/gitea/app.ini"},
            **_http.ARGUMENTS,
        },
        supports_check_mode=True,
    )
    given = module.params
    administrator = Administrator(
        lambda authorization: client(module, authorization),
        program_in(given["container"], given["config"]),
        **{name: given[name] for name in ("name", "password", "email")},
    )
    desired = {"name": given["name"], "administrator": True, "password": SECRET_AS_DECLARED, "left_behind": []}
    run_outcome(module, lambda: reconcile(administrator, desired, check_mode=module.check_mode), "administrator")


if __name__ == "__main__":
    main()
