"""What is generated and committed is what the code would generate now."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_sample_configuration_is_fresh(tmp_path: Path) -> None:
    fresh = tmp_path / "baremetal.conf.sample"
    command = [
        str(Path(sys.executable).with_name("oslo-config-generator")),
        *("--config-file", "etc/config-generator.conf"),
        *("--output-file", str(fresh)),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    committed = (ROOT / "etc" / "baremetal.conf.sample").read_text()
    assert committed == fresh.read_text(), "run: make samples"


def test_the_sample_policy_is_fresh(tmp_path: Path) -> None:
    fresh = tmp_path / "policy.yaml.sample"
    command = [
        str(Path(sys.executable).with_name("oslopolicy-sample-generator")),
        *("--config-file", "etc/policy-generator.conf"),
        *("--output-file", str(fresh)),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    committed = (ROOT / "etc" / "policy.yaml.sample").read_text()
    assert committed == fresh.read_text(), "run: make samples"


@pytest.mark.slow
def test_the_manual_builds_without_a_warning(tmp_path: Path) -> None:
    html = tmp_path / "html"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "doc", str(html)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "<table" in (html / "guides" / "share-backends.html").read_text()
    for page in ("api", "drivers", "options", "states", "stores"):
        assert "<table" in (html / "reference" / f"{page}.html").read_text()
