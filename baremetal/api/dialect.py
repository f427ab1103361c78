"""What sets the APIs of this process apart: where they stand, their versions, their errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from baremetal.api import errors, versions
from baremetal.api.images import fault
from baremetal.api.images.routes import ROUTES as IMAGE_ROUTES
from baremetal.api.routes import ROUTES
from baremetal.api.routing import Route
from baremetal.api.shares import versions as share_versions
from baremetal.api.shares.routes import ROUTES as SHARE_ROUTES


def _one_version(_environ: Mapping[str, str]) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Dialect:
    """One API: all else it has in common with the others."""

    #: What its paths begin with; the API that stands first also answers without.
    prefix: str
    routes: tuple[Route, ...]
    #: (message, status) -> the body of a refusal
    error_body: Callable[[str, int], bytes]
    error_type: str = "application/json"
    #: The headers, as WSGI names them, by which callers choose a minor version; none: no such.
    version_keys: tuple[str, ...] = ()
    chosen: Callable[[Mapping[str, str]], int] = _one_version
    #: In which answers tell the version that was chosen.
    version_header: str | None = None
    #: What stands before the dot of its versions.
    major: int = 1
    #: The path of a request as the table of routes knows it.
    normal: Callable[[str], str] = str
    #: In each answer.
    headers: Mapping[str, str] = field(default_factory=dict)


BARE_METAL = Dialect(
    "/baremetal",
    ROUTES,
    errors.body,
    version_keys=("HTTP_X_OPENSTACK_IRONIC_API_VERSION", "HTTP_OPENSTACK_API_VERSION"),
    chosen=versions.chosen,
    version_header=versions.HEADER,
    headers={
        versions.MIN_HEADER: f"1.{versions.MINIMUM}",
        versions.MAX_HEADER: f"1.{versions.MAXIMUM}",
    },
)

IMAGE = Dialect("/image", IMAGE_ROUTES, fault.body)

SHARE = Dialect(
    "/share",
    SHARE_ROUTES,
    share_versions.fault,
    version_keys=("HTTP_X_OPENSTACK_MANILA_API_VERSION",),
    chosen=share_versions.chosen,
    version_header=share_versions.HEADER,
    major=2,
    normal=share_versions.without_project,
)

#: The first also answers where no prefix is.
DIALECTS = (BARE_METAL, IMAGE, SHARE)
