"""Repositories on a real database of each kind."""

import pytest
from cryptography.fernet import Fernet

from baremetal.db.database import Database
from baremetal.db.nodes import NodeStore
from baremetal.db.vault import Vault
from tests.support.clock import ManualClock
from tests.support.databases import *  # noqa: F403


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def vault() -> Vault:
    return Vault([Fernet.generate_key()])


@pytest.fixture
def nodes(database: Database, vault: Vault) -> NodeStore:
    return NodeStore(database, vault)
