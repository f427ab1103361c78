"""Shares: they belong to a project; their types, pools and services are administrators'."""

from baremetal.auth.rules import (
    ADMIN,
    MEMBER,
    OVERSEERS,
    PUBLIC_SHARE_READER,
    READER,
    SERVICE,
    SHARE_MEMBER,
    SHARE_READER,
    SYSTEM_MEMBER,
    Rule,
)

_CHANGERS = (ADMIN, SERVICE, SYSTEM_MEMBER, SHARE_MEMBER)
_KEEPERS = (ADMIN, SERVICE, SYSTEM_MEMBER)
_SEERS = (*OVERSEERS, SHARE_READER)
_ALL = (*OVERSEERS, READER)

LIST_ALL = Rule("share:list_all_projects", "List everybody's shares.", OVERSEERS)
LIST = Rule("share:get_all", "List the shares of one's own project.", _ALL, all=LIST_ALL)
GET = Rule("share:get", "See a share.", (*_SEERS, PUBLIC_SHARE_READER), of="share")
CREATE = Rule("share:create", "Create a share in one's own project.", (ADMIN, SERVICE, MEMBER))
CREATE_PUBLIC = Rule("share:create:public_share", "Let a share be seen by all.", (ADMIN, SERVICE))
UPDATE = Rule(
    "share:update",
    "Change a share, and its metadata.",
    _CHANGERS,
    of="share",
    parts=(CREATE_PUBLIC,),
)
DELETE = Rule("share:delete", "Delete a share.", _CHANGERS, of="share")
EXTEND = Rule("share:extend", "Extend a share.", _CHANGERS, of="share")
SHRINK = Rule("share:shrink", "Shrink a share.", _CHANGERS, of="share")
REVERT = Rule(
    "share:revert_to_snapshot", "Revert a share to its last snapshot.", _CHANGERS, of="share"
)
FORCE_DELETE = Rule(
    "share:force_delete", "Delete a share whatever its state.", _KEEPERS, of="share"
)
RESET = Rule("share:reset_status", "Say what state a share is in.", _KEEPERS, of="share")
ALLOW = Rule("share:allow_access", "Let clients into a share.", _CHANGERS, of="share")
DENY = Rule("share:deny_access", "Let clients into a share no longer.", _CHANGERS, of="share")
ACCESS_LIST = Rule("share:access_get_all", "See who may come in.", _SEERS, of="share")
ACTION = Rule(
    "share:action",
    "Do something to a share for which there is no other rule.",
    (ADMIN,),
    of="share",
    parts=(EXTEND, SHRINK, REVERT, FORCE_DELETE, RESET, ALLOW, DENY, ACCESS_LIST),
)
ACCESS_GET = Rule("share_access_rule:get", "See a rule of access.", _SEERS, of="access")
ACCESS_INDEX = Rule("share_access_rule:index", "List the rules of a share that one may see.", _ALL)
ACCESS_METADATA = Rule(
    "share_access_metadata:update",
    "Change the metadata of a rule of access.",
    _CHANGERS,
    of="access",
)
LOCATIONS = Rule(
    "share_export_location:index", "See where clients find a share.", _SEERS, of="share"
)
HOST = Rule("share:get:host", "See where a share is, and what is for services only.", OVERSEERS)

LIST_SNAPSHOTS_ALL = Rule(
    "share_snapshot:list_all_projects", "List everybody's snapshots.", OVERSEERS
)
LIST_SNAPSHOTS = Rule(
    "share_snapshot:get_all_snapshots",
    "List the snapshots of one's own project.",
    _ALL,
    all=LIST_SNAPSHOTS_ALL,
)
GET_SNAPSHOT = Rule("share_snapshot:get_snapshot", "See a snapshot.", _SEERS, of="snapshot")
CREATE_SNAPSHOT = Rule(
    "share:create_snapshot",
    "Take a snapshot of a share of one's own project.",
    (ADMIN, SERVICE, MEMBER),
)
UPDATE_SNAPSHOT = Rule(
    "share:snapshot_update", "Change a snapshot, and its metadata.", _CHANGERS, of="snapshot"
)
DELETE_SNAPSHOT = Rule("share:delete_snapshot", "Delete a snapshot.", _CHANGERS, of="snapshot")
RESET_SNAPSHOT = Rule(
    "share_snapshot:reset_status",
    "Say what state a snapshot is in, or delete it whatever that is.",
    _KEEPERS,
    of="snapshot",
)

GET_TYPES = Rule("share_type:index", "See the types of shares that one may use.", _ALL)
SEE_ALL_TYPES = Rule("share_type:list_all", "See all types, and all extra specs.", OVERSEERS)
CHANGE_TYPES = Rule("share_type:create", "Add, change and delete types of shares.", (ADMIN,))
TYPE_ACCESS = Rule(
    "share_type:list_project_access",
    "See and say who may use a type that is not public.",
    (ADMIN,),
)

GET_ZONES = Rule("availability_zone:index", "See the availability zones.", _ALL)
GET_SERVICES = Rule("service:index", "See the share services.", OVERSEERS)
CHANGE_SERVICES = Rule("service:update", "Enable and disable share services.", (ADMIN,))
GET_POOLS = Rule("scheduler_stats:pools:index", "See the pools.", OVERSEERS)
GET_INSTANCES = Rule(
    "share_instance:index", "See the instances of all shares.", OVERSEERS, of="share"
)
GET_QUOTAS = Rule("quota_set:show", "See the limits of one's own project.", _ALL)
GET_ALL_QUOTAS = Rule("quota_set:show:all", "See the limits of any project.", OVERSEERS)
CHANGE_QUOTAS = Rule("quota_set:update", "Change limits.", (ADMIN,))
LIST_MESSAGES_ALL = Rule("message:get_all_projects", "See everybody's messages.", OVERSEERS)
LIST_MESSAGES = Rule(
    "message:get_all", "See what one's own project is told.", _ALL, all=LIST_MESSAGES_ALL
)
GET_MESSAGE = Rule("message:get", "See a message.", _SEERS, of="message")
DELETE_MESSAGE = Rule("message:delete", "Delete a message.", _CHANGERS, of="message")
EMPTY = Rule("share_network:index", "See share networks and the like: there are none.", _ALL)
