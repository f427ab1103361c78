"""The file of users, and who comes in by it."""

import base64
import stat
import threading
from pathlib import Path

import bcrypt
import pytest

from baremetal.auth import basic
from baremetal.auth.basic import BasicAuth
from baremetal.auth.identity import ANONYMOUS
from baremetal.auth.users import UserFile
from baremetal.domain.errors import Conflict, InvalidInput, NotFound, Unauthenticated


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bcrypt at its least cost; it is slow on purpose."""
    cheap = bcrypt.gensalt(4)
    monkeypatch.setattr(bcrypt, "gensalt", lambda: cheap)


def _header(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def _asking(name: str, password: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": _header(name, password)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "htpasswd"


@pytest.fixture
def users(path: Path) -> UserFile:
    made = UserFile(path)
    made.put("alice", "wonderland")
    return made


def test_users_come_in_with_their_own_password_only(users: UserFile, path: Path) -> None:
    users.put("bob", "a:b ü")
    auth = BasicAuth(path)
    assert auth.identify(_asking("alice", "wonderland")).name == "alice"
    assert auth.identify(_asking("bob", "a:b ü")).name == "bob"
    assert auth.identify({}) is ANONYMOUS
    for wrong in (
        _header("alice", "Wonderland"),
        _header("alice", ""),
        _header("nobody", "wonderland"),
        "Basic !!!",
        "Bearer x",
        "Basic " + base64.b64encode(b"\xff\xfe").decode(),
        _header("alice", "x\x00y"),
    ):
        with pytest.raises(Unauthenticated):
            auth.identify({"HTTP_AUTHORIZATION": wrong})


def test_the_file_is_for_the_owner_alone_and_has_no_password_in_it(
    users: UserFile, path: Path
) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "wonderland" not in path.read_text()
    assert [found.name for found in path.parent.iterdir()] == ["htpasswd"]


def test_a_password_is_changed_at_once(users: UserFile, path: Path) -> None:
    auth = BasicAuth(path)
    assert auth.identify(_asking("alice", "wonderland")).name == "alice"
    assert not users.put("alice", "looking-glass")
    with pytest.raises(Unauthenticated):
        auth.identify(_asking("alice", "wonderland"))
    assert auth.identify(_asking("alice", "looking-glass")).name == "alice"


def test_who_is_removed_is_out_at_once(users: UserFile, path: Path) -> None:
    users.put("bob", "builder")
    auth = BasicAuth(path)
    auth.identify(_asking("bob", "builder"))
    users.remove("bob")
    with pytest.raises(Unauthenticated):
        auth.identify(_asking("bob", "builder"))
    with pytest.raises(NotFound, match="bob"):
        users.remove("bob")


def test_who_is_removed_while_the_password_is_checked_is_not_remembered(
    users: UserFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.put("bob", "builder")
    auth, matches = BasicAuth(path), basic._matches

    def slowly(password: str, digest: bytes) -> bool:
        found = matches(password, digest)
        if "bob" in users.digests():
            users.remove("bob")
            auth.identify(_asking("alice", "wonderland"))
        return found

    auth.identify(_asking("alice", "wonderland"))
    monkeypatch.setattr(basic, "_matches", slowly)
    assert auth.identify(_asking("bob", "builder")).name == "bob"
    with pytest.raises(Unauthenticated):
        auth.identify(_asking("bob", "builder"))


def test_the_last_user_stays(users: UserFile) -> None:
    with pytest.raises(Conflict, match="last user"):
        users.remove("alice")
    assert list(users.digests()) == ["alice"]


@pytest.mark.parametrize("name", ["", "a:b", "a b", "#a", "a\n", "x" * 256])
def test_names_that_the_format_cannot_hold(users: UserFile, name: str) -> None:
    with pytest.raises(InvalidInput):
        users.put(name, "password")


@pytest.mark.parametrize("password", ["", "x" * 73, "ü" * 37, "a\x00b"])
def test_passwords_that_would_mean_another(users: UserFile, password: str) -> None:
    with pytest.raises(InvalidInput):
        users.put("bob", password)


def test_lines_that_are_no_users_stay(path: Path) -> None:
    path.write_text("# the operators\n\nodd line\n")
    users = UserFile(path)
    users.put("alice", "wonderland")
    users.put("bob", "builder")
    users.remove("bob")
    assert path.read_text().startswith("# the operators\n\nodd line\nalice:$2b$")


def test_changes_at_the_same_time_are_all_made(users: UserFile, path: Path) -> None:
    def put(number: int) -> None:
        UserFile(path).put(f"user{number}", "password")

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(users.digests()) == 9


def test_without_a_file_nobody_comes_in(path: Path) -> None:
    with pytest.raises(Unauthenticated):
        BasicAuth(path).identify(_asking("alice", "wonderland"))


def test_what_htpasswd_writes_is_understood(users: UserFile, path: Path) -> None:
    """It names the same algorithm 2y."""
    path.write_text(path.read_text().replace("$2b$", "$2y$"))
    assert BasicAuth(path).identify(_asking("alice", "wonderland")).name == "alice"
