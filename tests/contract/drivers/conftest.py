"""Every driver of the kind that a suite is about, with a bench to prove itself on."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from baremetal.drivers.interfaces import BootInterface, BootPlace, Interface
from tests.contract.drivers.benches import BENCHES, KINDS, Bench, installed


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a suite, a class with a `kind`, for each driver of that kind; one without for all."""
    if "interface" not in metafunc.fixturenames:
        return
    kinds = [metafunc.cls.kind] if hasattr(metafunc.cls, "kind") else KINDS
    wanted = getattr(metafunc.function, "wanted", lambda _name, _cls: True)
    drivers = [
        (kind, name)
        for kind in kinds
        for name, load in sorted(installed(kind).items())
        if wanted(name, load())
    ]
    assert drivers, "no driver is held to this promise"
    ids = [f"{kind}-{name}" for kind, name in drivers]
    metafunc.parametrize("driver", drivers, ids=ids, scope="session")


@pytest.fixture(scope="session")
def interface(driver: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Interface:
    """The driver."""
    kind, name = driver
    made = installed(kind)[name]()()
    if isinstance(made, BootInterface):
        root, here = tmp_path_factory.mktemp("netboot"), "http://127.0.0.1"
        kernel, ramdisk = f"{here}/vmlinuz", f"{here}/agent.img"
        made.place = BootPlace(root, here, here, kernel, ramdisk, "", root / "hosts")
    return made


class Benches:
    """Builds each bench when it is first wanted."""

    def __init__(self, factory: pytest.TempPathFactory, stack: ExitStack) -> None:
        self._factory = factory
        self._stack = stack
        self._built: dict[str, Bench] = {}

    def __getitem__(self, name: str) -> Bench:
        if name not in self._built:
            made = BENCHES[name](self._factory.mktemp(name))
            self._built[name] = self._stack.enter_context(made)
        return self._built[name]


@pytest.fixture(scope="session")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Benches]:
    with ExitStack() as stack:
        yield Benches(tmp_path_factory, stack)


@pytest.fixture
def bench(driver: tuple[str, str], benches: Benches) -> Bench:
    """Machines for the driver."""
    return benches[driver[1]]
