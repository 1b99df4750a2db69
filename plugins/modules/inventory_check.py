# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: inventory_check
short_description: Say everything that is wrong with an inventory before anything is changed
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Checks the variables of the host against the C(argument_specs) of the collection's roles, so that their own
    validation can be switched off with C(rolespec_validate=false).
  - Finds misspelt variables, missing and too short secrets, names that S3 or PostgreSQL refuse, addresses that are not
    loopback, containers and directories that two services would share, and values that do not fit together.
  - A name without the prefix of a role may be anybody's. It is refused only where the inventory or the command line
    gives it and it differs by a slip of the pen from a variable that is not set.
  - Values that are as the roles' defaults give them are not worked out unless a rule needs them.
  - Values of secrets are never shown.
extends_documentation_fragment:
  - repro.stack.attributes.info
attributes:
  action:
    description: Runs on the controller and needs no connection.
    support: full
options:
  roles:
    description:
      - The roles that will run. Their required variables and their secrets must be there.
      - Variables of the other roles of the collection are known too, and their values are checked where they are set.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Check the inventory
  repro.stack.inventory_check:
    roles: [gateway, minio, mlflow, postgres]
"""

RETURN = r""" # """
