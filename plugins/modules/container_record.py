#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: container_record
short_description: Note what a container is like that was just found as declared
version_added: 0.3.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Writes a digest of the declaration and of all that the engine tells of the container beside the service's files.
    M(repro.stack.config_directory) compares it, so that a container that is still the same need not be compared again.
  - Run it right after the container was compared. The note is the collection's own and no part of the service, so it is
    never a change.
extends_documentation_fragment:
  - repro.stack.attributes.info
options:
  path:
    description: Directory of the service's files, as in M(repro.stack.config_directory).
    type: path
    required: true
  name:
    description: Name of the container.
    type: str
    required: true
  declared:
    description: Digest of all that the container is declared with.
    type: str
    required: true
  docker_socket:
    description: Socket of the Docker Engine.
    type: path
    default: /run/docker.sock
"""

EXAMPLES = r"""
- name: Note what the gateway is like
  repro.stack.container_record:
    path: /opt/gateway
    name: gateway
    declared: "{{ declared | to_json(sort_keys=true) | ansible.builtin.hash('sha256') }}"
"""

RETURN = r"""
noted:
  description: Whether there is such a container.
  returned: success
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._module import run_info
from ansible_collections.repro.stack.plugins.module_utils._server.container_record import note
from ansible_collections.repro.stack.plugins.module_utils._server.engine import Engine


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "name": {"type": "str", "required": True},
            "declared": {"type": "str", "required": True},
            "docker_socket": {"type": "path", "default": "/run/docker.sock"},
        },
        supports_check_mode=True,
    )

    engine = Engine(module.params.pop("docker_socket"))
    run_info(module, lambda: {"noted": note(engine, **module.params, read_only=module.check_mode)})


if __name__ == "__main__":
    main()
