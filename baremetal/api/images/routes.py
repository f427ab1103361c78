"""Every route of the Image API: method, path beneath ``/image``, controller, policy."""

from functools import cache
from typing import Any

from baremetal.api.call import Call
from baremetal.api.images import (
    data,
    discovery,
    download,
    fault,
    listing,
    members,
    places,
    records,
    tickets,
)
from baremetal.api.openapi import About, document
from baremetal.api.policies import images as may
from baremetal.api.routing import BYTES, Route
from baremetal.api.types.image import Image

ABOUT = About(
    "Baremetal images",
    "Image API v2, with tickets beside it",
    f"2.{discovery.NEWEST}",
    fault.SCHEMA,
    patches=records.PATCHES,
)


def _openapi(call: Call) -> Any:
    """This API, as an OpenAPI document."""
    return {**_document(), "servers": [{"url": call.base}]}


@cache
def _document() -> dict[str, Any]:
    return document(ROUTES, ABOUT)


ROUTES = (
    # versions and what there is
    Route("GET", "/", discovery.choices, public=True, status=300),
    Route("GET", "/versions", discovery.versions, public=True),
    Route("GET", "/v2", discovery.versions, public=True),
    Route("GET", "/v2/openapi.json", _openapi, public=True),
    Route("GET", "/v2/schemas/{schema}", discovery.schema, may.LIST),
    Route("GET", "/v2/info/import", discovery.import_methods, may.GET_STORES),
    Route("GET", "/v2/info/stores", discovery.stores, may.GET_STORES),
    Route("GET", "/v2/info/stores/detail", discovery.stores_detail, may.GET_STORES_DETAIL),
    # images
    Route(
        "GET",
        "/v2/images",
        records.list_images,
        may.LIST,
        gives=[Image],
        query=listing.PARAMETERS,
        open_query=True,
    ),
    Route("POST", "/v2/images", records.create, may.CREATE, takes=Image, gives=Image, status=201),
    Route("GET", "/v2/images/{image}", records.show, may.GET, gives=Image),
    Route("PATCH", "/v2/images/{image}", records.update, may.UPDATE, takes="patch", gives=Image),
    Route("DELETE", "/v2/images/{image}", records.delete, may.DELETE, status=204),
    Route(
        "POST",
        "/v2/images/{image}/actions/deactivate",
        records.deactivate,
        may.DEACTIVATE,
        status=204,
    ),
    Route(
        "POST",
        "/v2/images/{image}/actions/reactivate",
        records.reactivate,
        may.REACTIVATE,
        status=204,
    ),
    Route("PUT", "/v2/images/{image}/tags/{tag}", records.add_tag, may.UPDATE, status=204),
    Route("DELETE", "/v2/images/{image}/tags/{tag}", records.remove_tag, may.UPDATE, status=204),
    # data
    Route("PUT", "/v2/images/{image}/file", data.upload, may.UPLOAD, takes=BYTES, status=204),
    Route("PUT", "/v2/images/{image}/stage", data.stage, may.UPLOAD, takes=BYTES, status=204),
    Route(
        "POST", "/v2/images/{image}/import", data.import_, may.IMPORT, takes=data.IMPORT, status=202
    ),
    Route("GET", "/v2/images/{image}/file", download.download, may.DOWNLOAD, gives=BYTES),
    Route(
        "POST",
        "/v2/images/{image}/tickets",
        tickets.issue,
        may.TICKET,
        takes=tickets.NEW,
        status=201,
    ),
    Route(
        "GET",
        "/v2/images/{image}/direct",
        download.by_ticket,
        public=True,
        gives=BYTES,
        query=(download.TICKET,),
    ),
    # where it is
    Route("GET", "/v2/images/{image}/locations", places.locations, may.GET_LOCATIONS),
    Route("DELETE", "/v2/stores/{store}/{image}", places.leave, may.LEAVE_STORE, status=204),
    # members
    Route("GET", "/v2/images/{image}/members", members.list_members, may.GET_MEMBERS),
    Route("POST", "/v2/images/{image}/members", members.add, may.SHARE, takes=members.NEW),
    Route("GET", "/v2/images/{image}/members/{member}", members.show, may.GET_MEMBERS),
    Route(
        "PUT",
        "/v2/images/{image}/members/{member}",
        members.answer,
        may.ANSWER,
        takes=members.STATUS,
    ),
    Route("DELETE", "/v2/images/{image}/members/{member}", members.remove, may.SHARE, status=204),
)
