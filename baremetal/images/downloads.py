"""What may be fetched from the web, by the configuration."""

from typing import Final
from urllib.parse import urlsplit

from oslo_config import cfg

from baremetal.domain.errors import InvalidInput
from baremetal.stores import DataObject, Uri
from baremetal.stores.backends.web import WebStore
from baremetal.stores.reach import Reach

_SCHEMES: Final = ("http", "https")


class Downloads:
    """Finds objects of the web, and keeps within what ``[images] download_*`` say."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Take the bounds from `conf`."""
        given = conf.images
        self._reach = Reach(
            schemes=tuple(given.download_schemes),
            hosts=tuple(given.download_hosts),
            ports=tuple(given.download_ports),
            local=given.download_local,
            option="[images] download_",
        )

    def source(self, uri: str) -> DataObject:
        """The object at an address; where it leads to is looked at when it is read.

        :raises InvalidInput: it is no address of the web.
        :raises UseRefused: nothing may be fetched from there, as far as it tells by itself.
        """
        found = Uri.parse(uri)
        if found.scheme not in _SCHEMES:
            words = " or ".join(f"{scheme}://" for scheme in _SCHEMES)
            raise InvalidInput(f"method/uri must begin with {words}.")
        try:
            parts = urlsplit(f"//{found.authority}")
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise InvalidInput(f"method/uri: {error}.") from error
        self._reach.check_server(found.scheme, host, port)
        settings, name = WebStore.locate(found)
        return DataObject(WebStore(settings, reach=self._reach), name)
