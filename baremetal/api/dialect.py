"""What sets the APIs of this process apart: where they stand, their versions, their errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from baremetal.api import errors, versions
from baremetal.api.images import fault
from baremetal.api.images.routes import ROUTES as IMAGE_ROUTES
from baremetal.api.routes import ROUTES
from baremetal.api.routing import Route


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

#: The first also answers where no prefix is.
DIALECTS = (BARE_METAL, IMAGE)
