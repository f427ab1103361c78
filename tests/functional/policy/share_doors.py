"""The doors of the Shared File Systems API, and something that is behind them."""

from typing import Final

from baremetal.db.database import Database
from baremetal.db.share_tables import (
    share_access_rules,
    share_messages,
    share_snapshots,
    shares,
)
from tests.functional.policy.groups import ADMINS, CLOUD, OVERSEERS, OWNERS, PUBLIC, READERS
from tests.support.callers import OWNER

SHARE: Final = "0f6d2f1e-52b8-4a1c-9f43-7c1f3a1f0a02"
_KEEPERS = CLOUD | {"operator"}
_CHANGERS = _KEEPERS | {"owner's manager", "owner's member"}
SEERS = OVERSEERS | OWNERS
#: All who are a member of any project, of those that may make shares.
_MAKERS = (
    CLOUD
    | {"operator", "owner's manager", "owner's member"}
    | {"lessee's manager", "lessee's member", "stranger"}
)

#: Who comes through which door; the share belongs to the node's owner.
DOORS: dict[str, frozenset[str]] = {
    f"{method} /share{path}": who
    for path, methods in {
        "/": {"GET": PUBLIC},
        "/v2": {"GET": PUBLIC},
        "/v2/shares": {"GET": READERS, "POST": _MAKERS},
        "/v2/shares/detail": {"GET": READERS},
        "/v2/shares/{share}": {
            "GET": SEERS,
            "PUT": _CHANGERS,
            "DELETE": _CHANGERS,
        },
        "/v2/shares/{share}/action": {"POST": SEERS},
        "/v2/shares/{share}/metadata": {
            "GET": SEERS,
            "POST": _CHANGERS,
            "PUT": _CHANGERS,
        },
        "/v2/shares/{share}/metadata/{key}": {
            "GET": SEERS,
            "PUT": _CHANGERS,
            "DELETE": _CHANGERS,
        },
        "/v2/shares/{share}/export_locations": {"GET": SEERS},
        "/v2/shares/{share}/export_locations/{location}": {"GET": SEERS},
        "/v2/shares/{share}/instances": {"GET": OVERSEERS},
        "/v2/share_instances": {"GET": OVERSEERS},
        "/v2/share_instances/{instance}": {"GET": OVERSEERS},
        "/v2/share_instances/{instance}/export_locations": {"GET": OVERSEERS},
        "/v2/share-access-rules": {"GET": READERS},
        "/v2/share-access-rules/{access}": {"GET": SEERS},
        "/v2/share-access-rules/{access}/metadata": {"PUT": _CHANGERS},
        "/v2/share-access-rules/{access}/metadata/{key}": {"DELETE": _CHANGERS},
        "/v2/snapshots": {"GET": READERS, "POST": _MAKERS},
        "/v2/snapshots/detail": {"GET": READERS},
        "/v2/snapshots/{snapshot}": {
            "GET": SEERS,
            "PUT": _CHANGERS,
            "DELETE": _CHANGERS,
        },
        "/v2/snapshots/{snapshot}/action": {"POST": _KEEPERS},
        "/v2/types": {"GET": READERS, "POST": ADMINS},
        "/v2/types/default": {"GET": READERS},
        "/v2/types/{type}": {"GET": READERS, "PUT": ADMINS, "DELETE": ADMINS},
        "/v2/types/{type}/extra_specs": {"GET": OVERSEERS, "POST": ADMINS},
        "/v2/types/{type}/extra_specs/{key}": {"GET": OVERSEERS, "PUT": ADMINS, "DELETE": ADMINS},
        "/v2/types/{type}/share_type_access": {"GET": ADMINS},
        "/v2/types/{type}/action": {"POST": ADMINS},
        "/v2/availability-zones": {"GET": READERS},
        "/v2/services": {"GET": OVERSEERS},
        "/v2/services/enable": {"PUT": ADMINS},
        "/v2/services/disable": {"PUT": ADMINS},
        "/v2/scheduler-stats/pools": {"GET": OVERSEERS},
        "/v2/scheduler-stats/pools/detail": {"GET": OVERSEERS},
        "/v2/limits": {"GET": READERS},
        "/v2/quota-sets/{project}": {"GET": READERS, "PUT": ADMINS, "DELETE": ADMINS},
        "/v2/quota-sets/{project}/detail": {"GET": READERS},
        "/v2/quota-sets/{project}/defaults": {"GET": READERS},
        "/v2/quota-class-sets/{class}": {"GET": OVERSEERS, "PUT": ADMINS},
        "/v2/messages": {"GET": READERS},
        "/v2/messages/{message}": {"GET": SEERS, "DELETE": _CHANGERS},
        "/v2/extensions": {"GET": READERS},
        "/v2/share-networks": {"GET": READERS},
        "/v2/share-networks/detail": {"GET": READERS},
        "/v2/share-servers": {"GET": READERS},
        "/v2/share-servers/detail": {"GET": READERS},
        "/v2/security-services": {"GET": READERS},
        "/v2/security-services/detail": {"GET": READERS},
    }.items()
    for method, who in methods.items()
}
#: Who sees what a path names; the first part that fits decides.
SEEN = {
    "/share/v2/shares/{share}": SEERS,
    "/share/v2/share-access-rules/{access}": SEERS,
    "/share/v2/snapshots/{snapshot}": SEERS,
    "/share/v2/messages/{message}": SEERS,
}


def add_share(db: Database) -> None:
    """A share of the node's owner, with a snapshot, a rule and a message; all of one uuid."""
    made = {"uuid": SHARE, "created_at": "2026-01-01T00:00:00.000000+00:00"}
    theirs = {**made, "project_id": OWNER, "size": 1, "share_proto": "NFS", "status": "available"}
    about = {"resource_type": "SHARE", "resource_id": SHARE, "action_id": "1", "detail_id": "1"}
    told = {"expires_at": "9", "message_level": "ERROR", "user_message": "", "project_id": OWNER}
    rule = {"access_type": "ip", "access_to": "192.0.2.1", "access_level": "rw", "state": "active"}
    kind = {"share_type": SHARE, "share_type_name": "t", "instance_uuid": SHARE, "claimed": 1}
    with db.write() as tx:
        tx.execute(shares.insert(), {**theirs, **kind, "access_rules_status": "active"})
        tx.execute(share_snapshots.insert(), {**theirs, "share_uuid": SHARE})
        tx.execute(share_access_rules.insert(), {**made, **rule, "share_uuid": SHARE})
        tx.execute(share_messages.insert(), {**made, **about, **told})
