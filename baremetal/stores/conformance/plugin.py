"""For pytest: a test that asks for `store_case` and `bench` runs once for each case."""

from typing import Any, Protocol

from baremetal.stores.conformance.bench import Bench, Case, NotMeant
from baremetal.stores.conformance.suite import CASES


class _Metafunc(Protocol):
    fixturenames: list[str]

    def parametrize(self, names: str, values: Any, **more: Any) -> None: ...


def pytest_generate_tests(metafunc: _Metafunc) -> None:
    """Give `store_case` each case in turn."""
    if "store_case" in metafunc.fixturenames:
        cases = [keeps(case) for case in CASES]
        metafunc.parametrize("store_case", cases, ids=[case.__name__ for case in CASES])


def keeps(case: Case) -> Case:
    """The case, content where the store does not claim the ability."""

    def run(bench: Bench) -> None:
        try:
            case(bench)
        except NotMeant:
            return

    return run
