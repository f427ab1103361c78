"""The stores that the configuration names."""

import threading
from pathlib import Path

from oslo_config import cfg

from baremetal.conf import images as options
from baremetal.domain.errors import InvalidInput
from baremetal.stores import DataObject, Store
from baremetal.stores.policies import StorePolicy, Use, permit, permitted
from baremetal.stores.registry import store_class

_LOCAL = "local"


class Shelves:
    """Stores by name; each is opened at its first use."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Take the names from ``[images] stores``.

        :raises InvalidInput: ``default_store`` is none of them.
        """
        self._conf = conf
        self.names: tuple[str, ...] = tuple(conf.images.stores)
        self.default: str = conf.images.default_store
        self.max_size: int = conf.images.max_size_gib << 30
        if self.default not in self.names:
            raise InvalidInput(
                f"[images] default_store = {self.default} is none of [images] stores: "
                f"{', '.join(self.names)}."
            )
        self._lock = threading.Lock()
        self._open: dict[str, Store] = {}
        for name in self.names:
            conf.register_opts(options.STORE_OPTS, group=f"store:{name}")

    def for_images(self, name: str | None) -> str:
        """The name of a store that images may be put into; the default one where none is named.

        :raises InvalidInput: there is no such store.
        :raises UseRefused: it is for other things.
        """
        name = name or self.default
        if name not in self.names:
            raise InvalidInput(f"There is no store '{name}'. There are: {', '.join(self.names)}.")
        permit(StorePolicy.parse(name, self._group(name).use), Use.IMAGE)
        return name

    def all_for_images(self) -> list[str]:
        """The names of all stores that images may be put into."""
        policies = [StorePolicy.parse(name, self._group(name).use) for name in self.names]
        return [policy.store for policy in permitted(policies, Use.IMAGE)]

    def about(self, name: str) -> dict[str, object]:
        """What may be told of a store: its driver and its settings, secrets apart."""
        group = self._group(name)
        return {
            "driver": group.driver,
            "settings": self.store(name).settings.shown(),
        }

    def description(self, name: str) -> str:
        """The sentence that the configuration has for a store."""
        return str(self._group(name).description)

    def store(self, name: str) -> Store:
        """The store.

        :raises InvalidInput: its settings will not do, or there is none of that name.
        """
        if name not in self.names:
            raise InvalidInput(f"[images] stores does not name '{name}' any more.")
        with self._lock:
            if name not in self._open:
                self._open[name] = self._opened(name)
            return self._open[name]

    def object(self, name: str, location: str) -> DataObject:
        """The object of a location in the store."""
        return DataObject(self.store(name), f"{self.prefix(name)}{location}")

    def gives_urls(self, name: str) -> bool:
        """Whether others may be given URLs of the store itself, as far as it can sign any."""
        return bool(self._group(name).signed_urls)

    def front(self, name: str) -> str:
        """Where the server before us has the store's files; empty where it has not."""
        return str(self._group(name).accel_redirect)

    def prefix(self, name: str) -> str:
        """What the names of its objects begin with."""
        return str(self._group(name).prefix)

    def _group(self, name: str) -> cfg.ConfigOpts.GroupAttr:
        group: cfg.ConfigOpts.GroupAttr = self._conf[f"store:{name}"]
        return group

    def _opened(self, name: str) -> Store:
        group, section = self._group(name), f"store:{name}"
        driver = store_class(group.driver)
        found: dict[str, object] = {}
        for prop in driver.properties:
            words = (prop.name, f"{prop.name}_file") if prop.secret else (prop.name,)
            for word in words:
                opt = cfg.StrOpt(word, secret=prop.secret, help=prop.about)
                self._conf.register_opt(opt, group=section)
                if group[word] is not None:
                    found[word] = group[word]
        if group.driver == "file":
            folder = "images" if name == _LOCAL else f"images-{name}"
            found.setdefault("root", str(Path(self._conf.state_dir).expanduser() / folder))
            # What is recorded as stored must outlast a power cut, as its record does.
            found.setdefault("sync", "true")
        return driver(found)
