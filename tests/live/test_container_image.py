"""What goes into an image that is built: the context of its role, and nothing that lay in the build directory."""

from __future__ import annotations

import json

import docker
import pytest

PLAY = """
- hosts: all
  become: true
  gather_facts: true
  gather_subset: [min]
  vars: {ansible_python_interpreter: /opt/repro/venv/bin/python}
  tasks:
    - ansible.builtin.import_role: {name: repro.stack.container_image, rolespec_validate: false}
"""


@pytest.fixture
def image():
    """A name that no image has. The gateway is the one that is built soonest."""
    name = "repro-stack/gateway:left-behind"
    yield name
    docker.from_env().api.remove_image(name)


def test_what_was_left_in_the_build_directory_is_not_built_in(stack, image, tmp_path):
    (tmp_path / "build.yml").write_text(PLAY)
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "renamed.patch").write_text("left behind")
    wanted = [{"name": "gateway", "image": image}]
    options = {"container_image_wanted": wanted, "container_image_build_directory": str(tmp_path)}
    stack.playbook(tmp_path / "build.yml", "-e", json.dumps(options))
    assert {path.name for path in (tmp_path / "gateway").iterdir()} == {"Dockerfile", "ca-bundle.crt"}
