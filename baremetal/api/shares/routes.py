"""Every route of the Shared File Systems API: method, path beneath ``/share``, controller, policy.

Callers may name their project after ``/v2``; the table knows the paths without it.
"""

from typing import Any

from baremetal.api.policies import shares as may
from baremetal.api.routing import Controller, Route
from baremetal.api.shares import (
    access,
    actions,
    cloud,
    kinds,
    quotas,
    shares,
    snapshots,
    versions,
)
from baremetal.auth.rules import Rule


def _route(
    method: str, path: str, controller: Controller, policy: Rule | None = None, **more: Any
) -> Route:
    """A route that is there from version 2.0 on, and looks at its query itself."""
    public = policy is None
    return Route(method, path, controller, policy, since=0, public=public, open_query=True, **more)


def _many(path: str, key: str) -> tuple[Route, Route]:
    """Lists in which nothing ever is."""
    controller = cloud.empty(key)
    return (
        _route("GET", path, controller, may.EMPTY),
        _route("GET", f"{path}/detail", controller, may.EMPTY),
    )


_SHARE = "/v2/shares/{share}"
_TYPE = "/v2/types/{type}"
_SNAPSHOT = "/v2/snapshots/{snapshot}"
_RULE = "/v2/share-access-rules/{access}"
_QUOTAS = "/v2/quota-sets/{project}"
_CLASS = "/v2/quota-class-sets/{class}"

ROUTES = (
    _route("GET", "/", versions.described, status=300),
    _route("GET", "/v2", versions.described),
    # shares
    _route("GET", "/v2/shares", shares.list_shares, may.LIST),
    _route("GET", "/v2/shares/detail", shares.list_detail, may.LIST),
    _route("POST", "/v2/shares", shares.create, may.CREATE),
    _route("GET", _SHARE, shares.show, may.GET),
    _route("PUT", _SHARE, shares.update, may.UPDATE),
    _route("DELETE", _SHARE, shares.delete, may.DELETE, status=202),
    _route("POST", f"{_SHARE}/action", actions.act, may.ACTION),
    _route("GET", f"{_SHARE}/metadata", shares.metadata, may.GET),
    _route("POST", f"{_SHARE}/metadata", shares.add_metadata, may.UPDATE),
    _route("PUT", f"{_SHARE}/metadata", shares.replace_metadata, may.UPDATE),
    _route("GET", f"{_SHARE}/metadata/{{key}}", shares.metadatum, may.GET),
    _route("PUT", f"{_SHARE}/metadata/{{key}}", shares.set_metadatum, may.UPDATE),
    _route("DELETE", f"{_SHARE}/metadata/{{key}}", shares.drop_metadatum, may.UPDATE),
    _route("GET", f"{_SHARE}/export_locations", shares.locations, may.LOCATIONS),
    _route("GET", f"{_SHARE}/export_locations/{{location}}", shares.location, may.LOCATIONS),
    _route("GET", f"{_SHARE}/instances", cloud.instances, may.GET_INSTANCES),
    _route("GET", "/v2/share_instances", cloud.instances, may.GET_INSTANCES),
    _route("GET", "/v2/share_instances/{instance}", cloud.instance, may.GET_INSTANCES),
    _route(
        "GET",
        "/v2/share_instances/{instance}/export_locations",
        cloud.instance_locations,
        may.GET_INSTANCES,
    ),
    # who may come in
    _route("GET", "/v2/share-access-rules", access.index, may.ACCESS_INDEX),
    _route("GET", _RULE, access.show, may.ACCESS_GET),
    _route("PUT", f"{_RULE}/metadata", access.set_metadata, may.ACCESS_METADATA),
    _route("DELETE", f"{_RULE}/metadata/{{key}}", access.drop_metadata, may.ACCESS_METADATA),
    # snapshots
    _route("GET", "/v2/snapshots", snapshots.list_snapshots, may.LIST_SNAPSHOTS),
    _route("GET", "/v2/snapshots/detail", snapshots.list_detail, may.LIST_SNAPSHOTS),
    _route("POST", "/v2/snapshots", snapshots.create, may.CREATE_SNAPSHOT),
    _route("GET", _SNAPSHOT, snapshots.show, may.GET_SNAPSHOT),
    _route("PUT", _SNAPSHOT, snapshots.update, may.UPDATE_SNAPSHOT),
    _route("DELETE", _SNAPSHOT, snapshots.delete, may.DELETE_SNAPSHOT, status=202),
    _route("POST", f"{_SNAPSHOT}/action", snapshots.act, may.RESET_SNAPSHOT),
    # types
    _route("GET", "/v2/types", kinds.list_types, may.GET_TYPES),
    _route("POST", "/v2/types", kinds.create, may.CHANGE_TYPES),
    _route("GET", "/v2/types/default", kinds.default, may.GET_TYPES),
    _route("GET", _TYPE, kinds.show, may.GET_TYPES),
    _route("PUT", _TYPE, kinds.update, may.CHANGE_TYPES),
    _route("DELETE", _TYPE, kinds.delete, may.CHANGE_TYPES, status=202),
    _route("GET", f"{_TYPE}/extra_specs", kinds.specs, may.SEE_ALL_TYPES),
    _route("POST", f"{_TYPE}/extra_specs", kinds.add_specs, may.CHANGE_TYPES),
    _route("GET", f"{_TYPE}/extra_specs/{{key}}", kinds.spec, may.SEE_ALL_TYPES),
    _route("PUT", f"{_TYPE}/extra_specs/{{key}}", kinds.set_spec, may.CHANGE_TYPES),
    _route("DELETE", f"{_TYPE}/extra_specs/{{key}}", kinds.drop_spec, may.CHANGE_TYPES, status=202),
    _route("GET", f"{_TYPE}/share_type_access", kinds.projects, may.TYPE_ACCESS),
    _route("POST", f"{_TYPE}/action", kinds.act, may.TYPE_ACCESS),
    # the cloud
    _route("GET", "/v2/availability-zones", cloud.zones, may.GET_ZONES),
    _route("GET", "/v2/services", cloud.services, may.GET_SERVICES),
    _route("PUT", "/v2/services/enable", cloud.enable, may.CHANGE_SERVICES),
    _route("PUT", "/v2/services/disable", cloud.disable, may.CHANGE_SERVICES),
    _route("GET", "/v2/scheduler-stats/pools", cloud.pools, may.GET_POOLS),
    _route("GET", "/v2/scheduler-stats/pools/detail", cloud.pools_detail, may.GET_POOLS),
    _route("GET", "/v2/limits", quotas.limits, may.GET_QUOTAS),
    _route("GET", _QUOTAS, quotas.show, may.GET_QUOTAS),
    _route("GET", f"{_QUOTAS}/detail", quotas.detail, may.GET_QUOTAS),
    _route("GET", f"{_QUOTAS}/defaults", quotas.defaults, may.GET_QUOTAS),
    _route("PUT", _QUOTAS, quotas.change, may.CHANGE_QUOTAS),
    _route("DELETE", _QUOTAS, quotas.drop, may.CHANGE_QUOTAS, status=202),
    _route("GET", _CLASS, quotas.show_class, may.GET_ALL_QUOTAS),
    _route("PUT", _CLASS, quotas.change_class, may.CHANGE_QUOTAS),
    _route("GET", "/v2/messages", cloud.messages, may.LIST_MESSAGES),
    _route("GET", "/v2/messages/{message}", cloud.message, may.GET_MESSAGE),
    _route("DELETE", "/v2/messages/{message}", cloud.drop_message, may.DELETE_MESSAGE, status=204),
    _route("GET", "/v2/extensions", cloud.empty("extensions"), may.EMPTY),
    *_many("/v2/share-networks", "share_networks"),
    *_many("/v2/share-servers", "share_servers"),
    *_many("/v2/security-services", "security_services"),
)
