"""What every store must keep of its promises, run against yours.

    python -m baremetal.stores.conformance MODULE:Store --set root=/tmp/there

With pytest, in a ``conftest.py`` of your own::

    from baremetal.stores.conformance.plugin import pytest_generate_tests
    from baremetal.stores.conformance import Bench

    @pytest.fixture
    def bench(tmp_path):
        return Bench(MyStore({...}))

and in a test: ``def test_my_store(store_case, bench): store_case(bench)``.
"""

from baremetal.stores.conformance.bench import Bench, Broken, Case, NotMeant
from baremetal.stores.conformance.suite import CASES

__all__ = ["CASES", "Bench", "Broken", "Case", "NotMeant"]
