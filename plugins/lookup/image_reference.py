# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: image_reference
short_description: Name a container image after everything it is built from
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Returns C(repro-stack/<name>:<hash>), the reference of an image that the collection builds itself.
  - The hash covers the build context C(roles/<name>/files/image) and every option below, so an unchanged context costs
    one look at the engine and a changed one is a new image.
options:
  _terms:
    description: Roles whose build context is meant; V(base) is the Debian base image, from the role C(container_image).
    type: list
    elements: str
    required: true
  base:
    description: Reference of the base image that the build starts from.
    type: str
    default: ""
  debian:
    description: What the base image is bootstrapped with.
    type: dict
    default: {}
  build_args:
    description: Arguments given to every build.
    type: dict
    default: {}
  ca_bundle:
    description: Path on the controller of a bundle of certificates that the build trusts in addition.
    type: str
    default: ""
  architecture:
    description: Machine architecture of the server, as C(uname -m) says it.
    type: str
    required: true
  refresh:
    description: Date from which the packages in the image are wanted; a new one makes a new image.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the image that the role minio would run
  ansible.builtin.debug:
    msg: "{{ lookup('repro.stack.image_reference', 'minio', architecture=ansible_facts['architecture']) }}"
"""

RETURN = r"""
_raw:
  description: One reference for each name.
  type: list
  elements: str
"""

import hashlib
import json
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

ROLES = Path(__file__).resolve().parents[2] / "roles"
CONTEXTS = {"base": "container_image"}


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        inputs = {name: self.get_option(name) for name in ("base", "debian", "build_args", "architecture", "refresh")}
        return [f"repro-stack/{name}:{self._hash(name, inputs)}" for name in terms]

    def _hash(self, name, inputs):
        context = ROLES / CONTEXTS.get(name, name) / "files" / "image"
        if not (context / "Dockerfile").is_file():
            raise AnsibleError(f"There is no build context for an image named {name}: {context}/Dockerfile is missing")
        digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode())
        files = [(path.relative_to(context), path) for path in sorted(context.rglob("*")) if path.is_file()]
        if bundle := self.get_option("ca_bundle"):
            if not Path(bundle).is_file():
                raise AnsibleError(f"The certificate bundle {bundle} (ca_bundle) is not a file on the controller")
            files.append((Path(bundle).name, Path(bundle)))
        for name, path in files:
            digest.update(f"{name}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]
