"""Each store is held to the suite that any plug-in can be held to (baremetal.stores.conformance).

A test module has a `bench` fixture of its own, with a real server behind it.
"""

from baremetal.stores.conformance.plugin import pytest_generate_tests
from tests.support.databases import empty_sqlite_file, sqlite_database

__all__ = ["empty_sqlite_file", "pytest_generate_tests", "sqlite_database"]
