#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: server_check
short_description: Say everything about a server that would make a run fail or lose data
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Only reads, and reports all problems at once.
  - Needs nothing but the system's Python, so that it can run before anything is installed.
extends_documentation_fragment:
  - repro.stack.attributes.info
options:
  distributions:
    description: Accepted distributions, each as C(ID VERSION_ID) of C(/etc/os-release). Empty accepts all.
    type: list
    elements: str
    default: []
  os_release:
    description: File that names the distribution.
    type: path
    default: /etc/os-release
  root:
    description: Whether the tasks must run as root.
    type: bool
    default: false
  minimum_memory_bytes:
    description: Memory that the server must have in all.
    type: int
    default: 0
  docker_socket:
    description: Socket of the Docker Engine. Where no engine answers there are no containers.
    type: path
    default: /run/docker.sock
  published:
    description: TCP ports that must be free, or published by the container they are for.
    type: list
    elements: dict
    default: []
    suboptions:
      container:
        description: Name of the container that may have them already.
        type: str
        required: true
      address:
        description: Address of the server that they are published on.
        type: str
        default: 127.0.0.1
      ports:
        description: The ports.
        type: list
        elements: int
        required: true
  containers:
    description:
      - Containers that the stack is going to run.
      - One of that name with neither a label nor an image of the stack nor the directory is somebody else's.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the container.
        type: str
        required: true
      config_directory:
        description: Directory that is mounted into it.
        type: path
        required: true
      owner:
        description: Number of the user and group that own its secrets and data. Nobody else on the server may have it.
        type: int
        version_added: 0.3.0
      data_directory:
        description: Directory that no other running container may write to.
        type: path
        version_added: 0.3.0
      first_written:
        description:
          - What the service makes at its first start and keeps, with its data.
          - Where it is missing and M(repro.stack.container_record) noted the container, the data are lost.
        type: path
        version_added: 0.3.0
  paths:
    description: Files and directories to look for, as patterns of a shell; RV(paths) names those that are there.
    type: list
    elements: path
    default: []
    version_added: 0.3.0
  seals:
    description:
      - Files that M(repro.stack.folder_seal) wrote, as patterns of a shell.
      - RV(intact) names those whose folder is as it was then.
    type: list
    elements: path
    default: []
    version_added: 0.3.0
  disk:
    description: Free space that must be there. What several paths need of one file system is added up.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Directory, which need not exist yet. Left out, it is where the engine keeps its images.
        type: path
      minimum_bytes:
        description: Bytes that a service could still write there.
        type: int
        required: true
      until:
        description: The need is over once this path exists.
        type: path
  postgres:
    description: A data directory of another major version is refused.
    type: dict
    suboptions:
      data_directory:
        description: Directory of the data, or its parent.
        type: path
        required: true
      major:
        description: Major version that is going to run.
        type: int
        required: true
  minio_root_user:
    description: Another root user than at the first start is refused.
    type: dict
    suboptions:
      recorded:
        description: File on the server that holds the digest of the name used so far.
        type: path
        required: true
      given:
        description: File on the server that holds the name that the container was started with.
        type: path
        required: true
        version_added: 0.3.0
      data_directory:
        description: Directory of MinIO's data. Where it holds none yet, any name will do.
        type: path
        required: true
      sha256:
        description: Digest of the declared name, which itself stays on the controller.
        type: str
        required: true
"""

EXAMPLES = r"""
- name: Check the server
  repro.stack.server_check:
    distributions: [debian 12, debian 13, ubuntu 24.04]
    published:
      - {container: gateway, ports: [9000, 5000]}
    disk:
      - {path: /srv/minio, minimum_bytes: 1073741824}
    postgres:
      data_directory: /srv/postgres
      major: 17
"""

RETURN = r"""
engine:
  description: Whether a Docker Engine answers at the socket.
  returned: success
  type: bool
  sample: true
git:
  description: Whether Git is installed.
  returned: success
  type: bool
  sample: true
intact:
  description: The O(seals) whose folders are as they were sealed.
  returned: success
  type: list
  elements: str
  sample: [/opt/repro/venv/.complete]
  version_added: 0.3.0
images:
  description: Names by which the engine knows its images, by tag and by digest.
  returned: success
  type: list
  elements: str
  sample: [repro-stack/gateway:a4e9c1f0952f9a08]
  version_added: 0.3.0
networks:
  description: The engine's networks by name, each as M(community.docker.docker_network) would declare it.
  returned: success
  type: dict
  sample: {repro: {driver: bridge, internal: false, driver_options: {}}}
  version_added: 0.3.0
paths:
  description: What O(paths) found.
  returned: success
  type: list
  elements: str
  sample: [/srv/minio]
  version_added: 0.3.0
"""

import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._module import run_info
from ansible_collections.repro.stack.plugins.module_utils._server.engine import Engine
from ansible_collections.repro.stack.plugins.module_utils._server.preconditions import server_problems
from ansible_collections.repro.stack.plugins.module_utils._server.seal import Seal


def each(**options):
    return {"type": "list", "elements": "dict", "default": [], "options": options}


TEXT = {"type": "str", "required": True}
NUMBER = {"type": "int", "required": True}
NUMBERS = {"type": "list", "elements": "int", "required": True}
PATH = {"type": "path", "required": True}
ANY_PATH = {"type": "path"}


def found(patterns):
    return [str(path) for pattern in patterns for path in Path("/").glob(pattern.lstrip("/"))]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "distributions": {"type": "list", "elements": "str", "default": []},
            "os_release": {"type": "path", "default": "/etc/os-release"},
            "root": {"type": "bool", "default": False},
            "minimum_memory_bytes": {"type": "int", "default": 0},
            "docker_socket": {"type": "path", "default": "/run/docker.sock"},
            "published": each(container=TEXT, address={"type": "str", "default": "127.0.0.1"}, ports=NUMBERS),
            "containers": each(
                name=TEXT, config_directory=PATH, owner={"type": "int"}, data_directory=ANY_PATH, first_written=ANY_PATH
            ),
            "paths": {"type": "list", "elements": "path", "default": []},
            "seals": {"type": "list", "elements": "path", "default": []},
            "disk": each(path={"type": "path"}, minimum_bytes=NUMBER, until={"type": "path"}),
            "postgres": {"type": "dict", "options": {"data_directory": PATH, "major": NUMBER}},
            "minio_root_user": {
                "type": "dict",
                "options": {"recorded": PATH, "given": PATH, "data_directory": PATH, "sha256": TEXT},
            },
        },
        supports_check_mode=True,
    )

    def read() -> dict[str, object]:
        if problems := server_problems(module.params):
            lines = "\n".join(f"- {problem}" for problem in problems)
            raise StackError(f"Nothing was changed, because the server cannot carry the stack:\n{lines}")
        engine = Engine(module.params["docker_socket"])
        return {
            "engine": engine.answers(),
            "git": shutil.which("git") is not None,
            "images": engine.images(),
            "networks": engine.networks(),
            "paths": found(module.params["paths"]),
            "intact": [path for path in found(module.params["seals"]) if (Seal(path).read() or {}).get("intact")],
        }

    run_info(module, read)


if __name__ == "__main__":
    main()
