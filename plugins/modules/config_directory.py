#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: config_directory
short_description: Keep the files that a container is started with
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Writes all configuration and secret files of one service in one step, makes its data directories, and returns a
    digest that belongs in a label of the service's container.
  - The digest changes when a declared content changes, and when a file had to be repaired, since the running container
    may have read what was repaired.
  - It changes before the first byte is written, so an interrupted run is completed by the next.
  - Files that are not named are left alone.
extends_documentation_fragment:
  - repro.stack.attributes
options:
  path:
    description: The directory. Mount it whole into the container; a single mounted file keeps its old content.
    type: path
    required: true
  owner:
    description: Numeric user and group that own the files; the directory's too.
    type: int
    required: true
  mode:
    description: Permissions of the directory, in octal.
    type: str
    default: "0750"
  shared:
    description:
      - Whether O(path) holds files of others too.
      - It is made with O(owner) and O(mode) where it is missing, and keeps those that it has.
    type: bool
    default: false
    version_added: 0.3.0
  files:
    description: Files whose content may be shown in a diff.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: File name in O(path).
        type: str
        required: true
      content:
        description: The whole content.
        type: str
        required: true
      mode:
        description: Permissions, in octal.
        type: str
        default: "0600"
  secret_files:
    description:
      - Names and contents of files that are never shown and that only the owner can read.
    type: dict
    default: {}
  directories:
    description: Other directories of the service, made where missing; what is in them is not touched.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The directory.
        type: path
        required: true
      owner:
        description: Numeric user and group.
        type: int
        required: true
      mode:
        description: Permissions, in octal.
        type: str
        default: "0750"
  container:
    description:
      - The container that is started with these files.
      - RV(container_condition) then says whether it still is what M(repro.stack.container_record) noted.
    type: dict
    suboptions:
      name:
        description: Name of the container.
        type: str
        required: true
      image:
        description: Reference of the image that it must run from.
        type: str
        required: true
      declared:
        description: Digest of all that the container is declared with.
        type: str
        required: true
    version_added: 0.3.0
  docker_socket:
    description: Socket of the Docker Engine that knows O(container).
    type: path
    default: /run/docker.sock
    version_added: 0.3.0
  key_file:
    description:
      - File on the server with the digest's key; made at the first use.
      - One that was emptied is made anew, and every digest is another one then. Owner and mode are repaired.
    type: path
    default: /opt/repro/digest.key
"""

EXAMPLES = r"""
- name: Write the gateway's configuration
  repro.stack.config_directory:
    path: /opt/gateway
    owner: 5004
    files:
      - name: nginx.conf
        content: "{{ lookup('ansible.builtin.template', 'nginx.conf.j2') }}"
  register: written
"""

RETURN = r"""
digest:
  description: Keyed digest of the declared files. It does not reveal any content.
  returned: success
  type: str
  sample: 0c5d5cbd2d1a6cd8a1e0a5d0b5f9a2b6d0a4b6a6c2b3f9d1e3f5a7b9c1d3e5f7
container_id:
  description: Id of O(container) as it was found; none where there is none.
  returned: success
  type: str
  sample: c42e48f6cced
  version_added: 0.3.0
container_condition:
  description:
    - V(settled) where O(container) runs healthy with these files, and neither its declaration nor anything that the
      engine tells of it is another than what was noted. To compare it option by option would find nothing.
    - V(altered) where declaration, image and files are those that it was made with, and it differs in what only its
      creation decides or in another limit that was updated by hand, or where it runs on a directory that its path does
      not lead to any more. Comparing may find nothing; make it anew.
    - V(limited) where only its memory or its restart policy differs, which can be updated while it runs.
    - V(stuck) where it runs, and the engine found it unhealthy for a minute or longer.
    - V(other) in all other cases, and where no container is named.
  returned: success
  type: str
  sample: settled
  version_added: 0.3.0
engine_version:
  description: Version of the Docker Engine; none where none answers.
  returned: success
  type: str
  sample: 28.2.2
  version_added: 0.3.0
config_directory:
  description: Attributes of the directory and of each file, with the content of those that are not secret.
  returned: success
  type: dict
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import SECRET_AS_DECLARED, reconcile
from ansible_collections.repro.stack.plugins.module_utils._server.config_directory import ConfigDirectory
from ansible_collections.repro.stack.plugins.module_utils._server.container_record import OTHER, condition, container_id
from ansible_collections.repro.stack.plugins.module_utils._server.engine import Engine
from ansible_collections.repro.stack.plugins.module_utils._server.files import OURS, directory_attributes

TEXT = {"type": "str", "required": True}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "owner": {"type": "int", "required": True},
            "mode": {"type": "str", "default": "0750"},
            "shared": {"type": "bool", "default": False},
            "files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "content": {"type": "str", "required": True},
                    "mode": {"type": "str", "default": "0600"},
                },
            },
            # One option of its own: of a secret among suboptions the server's system log shows what Python escapes.
            "secret_files": {"type": "dict", "default": {}, "no_log": True},
            "directories": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "path", "required": True},
                    "owner": {"type": "int", "required": True},
                    "mode": {"type": "str", "default": "0750"},
                },
            },
            "container": {"type": "dict", "options": {"name": TEXT, "image": TEXT, "declared": TEXT}},
            "docker_socket": {"type": "path", "default": "/run/docker.sock"},
            "key_file": {"type": "path", "default": "/opt/repro/digest.key"},
        },
        supports_check_mode=True,
    )
    path, owner = module.params["path"], module.params["owner"]
    container, engine = module.params["container"], Engine(module.params["docker_socket"])
    secret_files = module.params["secret_files"]
    found = directory_attributes(Path(path)) if module.params["shared"] else None
    desired = {
        "digest_key": OURS,
        "directory": found or attributes(owner, module.params["mode"]),
        "directories": {each["path"]: attributes(each["owner"], each["mode"]) for each in module.params["directories"]},
        "files": {
            each["name"]: {**attributes(owner, each["mode"]), "content": each["content"]}
            for each in module.params["files"]
        },
        "secret_files": {name: {**attributes(owner, "0600"), "content": SECRET_AS_DECLARED} for name in secret_files},
    }
    directory = ConfigDirectory(path, desired, secret_files, module.params["key_file"])
    run_outcome(
        module,
        lambda: reconcile(directory, desired, check_mode=module.check_mode),
        "config_directory",
        digest=directory.digest,
        engine_version=engine.version,
        container_id=lambda: container_id(engine, container["name"]) if container else None,
        container_condition=lambda: (
            condition(engine, path, digest=directory.digest(), **container) if container else OTHER
        ),
    )


def attributes(owner: int, mode: str) -> dict[str, object]:
    return {"owner": owner, "group": owner, "mode": mode}


if __name__ == "__main__":
    main()
