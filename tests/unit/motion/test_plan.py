from pathlib import Path

import pytest

from baremetal.motion.plan import choose, same_store
from baremetal.motion.wishes import Wishes
from baremetal.stores import DataObject, Stat, Store
from baremetal.stores.backends.filesystem import FileStore
from baremetal.stores.backends.iscsi import IscsiStore
from baremetal.stores.backends.s3 import S3Store
from baremetal.stores.backends.web import WebStore

_GIB = 1 << 30
_FILES = FileStore({"root": "/srv"})
_WEB = WebStore({"endpoint": "http://192.0.2.1"})
_DAV = WebStore({"endpoint": "http://192.0.2.1", "webdav": "yes"})
_S3 = S3Store({"endpoint": "http://192.0.2.1"})
_OTHER_S3 = S3Store({"endpoint": "http://192.0.2.2"})
_LUN = IscsiStore({"portal": "192.0.2.1:3260"})


@pytest.mark.parametrize(
    ("source", "target", "stat", "wishes", "strategy"),
    [
        (_FILES, _FILES, Stat(_GIB), Wishes(), "kernel copy"),
        (_FILES, _FILES, Stat(4096), Wishes(), "at once"),
        (_FILES, _FILES, Stat(4096), Wishes(checkpoint=Path("note")), "kernel copy"),
        (_FILES, _FILES, Stat(_GIB), Wishes(target_format="raw"), "stream"),
        (_FILES, _S3, Stat(_GIB), Wishes(), "parallel ranges"),
        (_FILES, _S3, Stat(8 << 20), Wishes(), "stream"),
        (_FILES, _LUN, Stat(_GIB), Wishes(), "parallel ranges"),
        (_FILES, _DAV, Stat(_GIB), Wishes(), "stream"),
        (_WEB, _FILES, Stat(_GIB), Wishes(), "parallel ranges"),
        (_WEB, _FILES, Stat(_GIB), Wishes(concurrency=1), "stream"),
        (_WEB, _FILES, Stat(_GIB, ranges=False), Wishes(), "stream"),
        (_WEB, _FILES, Stat(None), Wishes(), "stream"),
        (_WEB, _FILES, Stat(_GIB), Wishes(unpack="xz"), "stream"),
        (_S3, _S3, Stat(_GIB), Wishes(), "server copy"),
        (_S3, _OTHER_S3, Stat(_GIB), Wishes(), "parallel ranges"),
        (_DAV, _DAV, Stat(_GIB), Wishes(), "server copy"),
        (_LUN, _LUN, Stat(_GIB), Wishes(), "parallel ranges"),
        (_FILES, _FILES, Stat(None, tree=True), Wishes(), "tree"),
    ],
)
def test_the_cheapest_way_is_chosen_and_explained(
    source: Store, target: Store, stat: Stat, wishes: Wishes, strategy: str
) -> None:
    plan = choose(DataObject(source, "a/b"), DataObject(target, "a/c"), stat, wishes)
    assert plan.strategy == strategy
    assert len(plan.why.split()) > 3


def test_a_store_is_the_same_with_the_same_settings() -> None:
    again = S3Store({"endpoint": "http://192.0.2.1"})
    assert same_store(DataObject(_S3, "a/b"), DataObject(again, "a/b"))
    other = S3Store({"endpoint": "http://192.0.2.1", "access_key": "x", "secret_key": "y"})
    assert not same_store(DataObject(_S3, "a/b"), DataObject(other, "a/b"))
