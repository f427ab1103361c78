"""What a rule is: an action, and who may do it, as data; and the kinds of callers there are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Who:
    """A kind of caller, and the check (oslo.policy's language) that knows it."""

    name: str
    check: str
    about: str


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Who may do something, unless the operator's policy file says otherwise.

    `of` names what has an owner that the rule looks at: ``node``, ``port``... (db/owners.py).
    `all` is the rule, for lists, about what belongs to others. `parts` are rules that let
    callers in too, of whom the controller asks more once it has read the body.
    """

    name: str
    about: str
    who: tuple[Who, ...]
    of: str = ""
    all: "Rule | None" = None
    parts: tuple["Rule", ...] = ()

    @property
    def check(self) -> str:
        """The default, in oslo.policy's language."""
        return " or ".join(f"rule:{who.name}" for who in self.who)


ADMIN = Who("admin", "role:admin", "An administrator of the cloud.")
SERVICE = Who("service", "role:service", "Another service of the cloud, such as Compute.")
READER = Who("reader", "role:reader", "Anybody who may read anything in their own scope.")
MEMBER = Who("member", "role:member", "Anybody who may change anything in their own scope.")
SYSTEM_READER = Who(
    "system_reader",
    "role:reader and system_scope:all",
    "An auditor of the whole system.",
)
SYSTEM_MEMBER = Who(
    "system_member",
    "role:member and system_scope:all",
    "An operator of the whole system.",
)
OWNER_READER = Who(
    "owner_reader",
    "role:reader and project_id:%(node.owner)s",
    "A reader in the project that owns the node.",
)
OWNER_MEMBER = Who(
    "owner_member",
    "role:member and project_id:%(node.owner)s",
    "A member of the project that owns the node.",
)
OWNER_MANAGER = Who(
    "owner_manager",
    "role:manager and project_id:%(node.owner)s",
    "A manager of the project that owns the node.",
)
LESSEE_READER = Who(
    "lessee_reader",
    "role:reader and project_id:%(node.lessee)s",
    "A reader in the project that the node is lent to.",
)
LESSEE_MEMBER = Who(
    "lessee_member",
    "role:member and project_id:%(node.lessee)s",
    "A member of the project that the node is lent to.",
)
ALLOCATION_READER = Who(
    "allocation_reader",
    "role:reader and project_id:%(allocation.owner)s",
    "A reader in the project that the allocation belongs to.",
)
ALLOCATION_MEMBER = Who(
    "allocation_member",
    "role:member and project_id:%(allocation.owner)s",
    "A member of the project that the allocation belongs to.",
)

IMAGE_READER = Who(
    "image_reader",
    "role:reader and project_id:%(image.owner)s",
    "A reader in the project that the image belongs to.",
)
IMAGE_MEMBER = Who(
    "image_member",
    "role:member and project_id:%(image.owner)s",
    "A member of the project that the image belongs to.",
)
IMAGE_SHARER = Who(
    "image_sharer",
    "role:reader and project_id:%(image.member)s",
    "A reader in a project that the image is shared with.",
)
IMAGE_ANSWERER = Who(
    "image_answerer",
    "role:member and project_id:%(image.member)s",
    "A member of a project that the image is shared with.",
)
SHARE_READER = Who(
    "share_reader",
    "role:reader and project_id:%(share.owner)s",
    "A reader in the project that the share belongs to.",
)
SHARE_MEMBER = Who(
    "share_member",
    "role:member and project_id:%(share.owner)s",
    "A member of the project that the share belongs to.",
)
PUBLIC_SHARE_READER = Who(
    "public_share_reader",
    "role:reader and 'public':%(share.visibility)s",
    "Anybody, where the share is there for all to see.",
)
PUBLIC_READER = Who(
    "public_reader",
    "role:reader and ('public':%(image.visibility)s or 'community':%(image.visibility)s)",
    "Anybody, where the image is there for all.",
)

EVERYBODY = (
    ADMIN,
    SERVICE,
    READER,
    MEMBER,
    SYSTEM_READER,
    SYSTEM_MEMBER,
    OWNER_READER,
    OWNER_MEMBER,
    OWNER_MANAGER,
    LESSEE_READER,
    LESSEE_MEMBER,
    ALLOCATION_READER,
    ALLOCATION_MEMBER,
    IMAGE_READER,
    IMAGE_MEMBER,
    IMAGE_SHARER,
    IMAGE_ANSWERER,
    PUBLIC_READER,
    SHARE_READER,
    SHARE_MEMBER,
    PUBLIC_SHARE_READER,
)

#: Those who see everything, whoever owns it.
OVERSEERS = (ADMIN, SERVICE, SYSTEM_READER)
#: Those who see a node, those who use the machine, who look after it, and who dispose of it.
SEERS = (*OVERSEERS, OWNER_READER, LESSEE_READER)
USERS = (ADMIN, SERVICE, SYSTEM_MEMBER, OWNER_MEMBER, LESSEE_MEMBER)
KEEPERS = (ADMIN, SERVICE, SYSTEM_MEMBER, OWNER_MEMBER)
MANAGERS = (ADMIN, SERVICE, SYSTEM_MEMBER, OWNER_MANAGER)
