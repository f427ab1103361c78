"""The HTTP suites in gabbits/: what the API answers, request by request."""

import base64
from pathlib import Path

import pytest

from tests.support.gabbits import problems_of
from tests.support.plane import PlaneProcess

HERE = Path(__file__).parent / "gabbits"


@pytest.mark.parametrize("file", sorted(HERE.glob("*.yaml")), ids=lambda file: file.stem)
def test_suite(file: Path, plane: PlaneProcess) -> None:
    _run(file, plane)


@pytest.mark.parametrize(
    "file", sorted((HERE / "guarded").glob("*.yaml")), ids=lambda file: file.stem
)
def test_suite_with_authentication(
    file: Path, guarded_plane: PlaneProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert guarded_plane.credentials is not None
    proof = base64.b64encode(":".join(guarded_plane.credentials).encode()).decode()
    monkeypatch.setenv("BAREMETAL_AUTHORIZATION", f"Basic {proof}")
    _run(file, guarded_plane)


def _run(file: Path, plane: PlaneProcess) -> None:
    problems = problems_of(file, plane)
    if problems:
        pytest.fail("\n\n".join(problems), pytrace=False)
