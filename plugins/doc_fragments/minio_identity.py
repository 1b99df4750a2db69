# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from ansible_collections.repro.stack.plugins.plugin_utils.documentation import listed, options

# What _minio/identities/identity.py takes: the same for one of a list and in a module of its own.
_ACCESS = """
access:
  description:
    - What is granted, in place of a document. The document that is made of it names the bucket and its objects.
    - A grant never contains more than its words say. Deleting objects must be granted by name.
  type: list
  elements: dict
  suboptions:
    bucket:
      description: The bucket.
      type: str
      required: true
    prefix:
      description: Only this folder of the bucket. A slash is added at its end.
      type: str
      default: ""
    mode:
      description:
        - V(list) shows names, V(read) also the objects.
        - V(write) stores objects and sees nothing; V(read-write) is both.
      type: str
      choices: [list, read, write, read-write]
      required: true
    delete:
      description: Also delete objects.
      type: bool
      default: false
"""

_STATE = """
  type: str
  choices: [present, absent]
  default: present
"""

_POLICY = (
    """
name:
  description: Name of the policy.
  type: str
  required: true
document:
  description:
    - The policy, as a mapping or as JSON.
    - Order, single values in place of lists, C(Sid) and C(Id) make no difference, and the last two are not kept.
  type: raw
"""
    + _ACCESS
    + """
state:
  description: Whether the policy exists. One that is attached, or built in, is not removed.
"""
    + _STATE
)

_USER = (
    """
name:
  description: The user's access key, 3 to 250 characters.
  type: str
  required: true
secret:
  description: The user's secret key, 8 characters or more. Needed for a user that does not exist yet.
  type: str
enabled:
  description: Whether the user may do anything.
  type: bool
  default: true
policies:
  description: All policies that are attached to the user.
  type: list
  elements: str
groups:
  description:
    - All groups that the user is in, which must exist. What they are allowed, and denied, the user is too.
    - What is also declared as the members of a group must say the same.
  type: list
  elements: str
  version_added: 0.3.0
state:
  description: Whether the user exists. One with service accounts is not removed, for they would go too.
"""
    + _STATE
)

_GROUP = (
    """
name:
  description: Name of the group.
  type: str
  required: true
members:
  description: All users that are in the group. Service accounts cannot be; they have what their parent has.
  type: list
  elements: str
policies:
  description: All policies that are attached to the group, and so to its members.
  type: list
  elements: str
enabled:
  description:
    - Whether the members of the group may do anything.
    - MinIO denies everything to a member of a disabled group, whatever its own policies and its other groups allow.
  type: bool
  default: true
state:
  description: Whether the group exists. The users in it stay.
"""
    + _STATE
)

_SERVICE_ACCOUNT = (
    """
name:
  description: The account's access key, 3 to 20 characters.
  type: str
  required: true
parent:
  description:
    - The user to whom the account belongs, and whose policies bound what it may do.
    - An account of another parent is left alone, unless it is recorded as ours by M(repro.stack.minio_iam).
    - An account of root is a full administrator; it is refused.
  type: str
secret:
  description:
    - The account's secret key, 8 to 40 characters.
    - A new account in a list needs one; M(repro.stack.minio_svcacct) makes one where none is given.
  type: str
policy:
  description:
    - What the account may do, within what its parent may do; a mapping or JSON of at most 4096 bytes.
    - A policy or access is needed for an account that does not exist yet. An account without a policy of its own may do
      all that its parent may do, and is refused.
    - An empty mapping takes the policy away, where that is accepted.
  type: raw
"""
    + _ACCESS
    + """
display_name:
  description: What MinIO calls the name of the account, at most 32 characters.
  type: str
description:
  description: What the account is for, at most 256 characters.
  type: str
expires:
  description:
    - When the account stops working, such as V(2027-01-31T00:00:00Z), or V(never).
    - MinIO takes a time between 15 minutes and 365 days ahead. It removes an account that has expired, so an account
      that is declared to have expired is an absent one.
  type: str
  default: never
enabled:
  description: Whether the account works.
  type: bool
  default: true
accept:
  description:
    - What would be refused, accepted by name for this account.
    - V(root_parent) is a parent that is the server's root; without a policy, the account is a full administrator.
    - V(inherited_policy) is an account without a policy of its own, which may do all that its parent may do.
    - V(unknown_parent) is a parent that the server does not know, such as a user of a directory.
  type: list
  elements: str
  choices: [root_parent, inherited_policy, unknown_parent]
  default: []
  version_added: 0.2.0
state:
  description: Whether the account exists.
"""
    + _STATE
)

_UPDATES = """
update_secret:
  description:
    - V(always) sets the declared secret where another one is found; the server tells an administrator, so nothing has
      to be reset to see it.
    - V(on_create) leaves the secret of an identity that exists alone.
  type: str
  choices: [always, on_create]
  default: always
"""

_UPDATES_OF_ONE = """
update_secret:
  description: What O(update_secret) says, for this identity alone.
  type: str
  choices: [always, on_create]
  version_added: 0.2.0
"""


class ModuleDocFragment:
    # with a type, for ansible-test takes what is merely assigned here for a text
    POLICY: str = options(_POLICY)
    USER: str = options(_USER, _UPDATES)
    GROUP: str = options(_GROUP)
    SERVICE_ACCOUNT: str = options(_SERVICE_ACCOUNT, _UPDATES)
    ALL: str = options(
        listed("policies", "Policies that can be attached to users and groups.", _POLICY),
        listed("users", "Users, with the policies attached to them.", _USER, _UPDATES_OF_ONE),
        listed(
            "groups",
            "Groups, with their members and the policies attached to them.",
            _GROUP,
            more="version_added: 0.2.0\n",
        ),
        listed("service_accounts", "Service accounts, each with its own bounds.", _SERVICE_ACCOUNT, _UPDATES_OF_ONE),
        _UPDATES,
    )
