"""Secrets at rest: keys, their file, and their change."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from baremetal.db.vault import Vault, read_keys, write_keys
from baremetal.domain.errors import Unavailable

SECRETS = {"driver_info": {"ipmi_password": "hunter2"}}


def _keys(count: int) -> list[bytes]:
    return [Fernet.generate_key() for _ in range(count)]


def _sealed(vault: Vault) -> str:
    token = vault.seal(SECRETS)
    assert token is not None
    return token


def test_the_first_vault_makes_its_key_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret.keys"
    token = _sealed(Vault.open(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Vault.open(path).unseal(token) == SECRETS
    assert "hunter2" not in token


@pytest.mark.parametrize("nothing", [{}, {"driver_info": {}}, {"driver_info": {}, "x": None}])
def test_where_there_is_nothing_to_hide_nothing_is_stored(nothing: dict[str, object]) -> None:
    vault = Vault(_keys(1))
    assert vault.seal(nothing) is None
    assert vault.unseal(None) == {}


def test_a_key_is_changed_by_a_new_one_on_top(tmp_path: Path) -> None:
    old, new = _keys(2)
    token = _sealed(Vault([old]))
    both = Vault([new, old])
    assert both.unseal(token) == SECRETS
    rotated = both.rotate(token)
    assert Vault([new]).unseal(rotated) == SECRETS
    with pytest.raises(Unavailable, match="not in the key file"):
        Vault([old]).unseal(rotated)
    with pytest.raises(Unavailable, match="not in the key file"):
        Vault([old]).rotate(rotated)


def test_a_vault_in_use_sees_that_its_file_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "secret.keys"
    vault = Vault.open(path)
    before = _sealed(vault)
    (old,), (new,) = read_keys(path), _keys(1)
    write_keys(path, [new, old])
    after = _sealed(vault)
    assert Vault([new]).unseal(after) == SECRETS
    assert vault.unseal(before) == SECRETS
    write_keys(path, [new])
    with pytest.raises(Unavailable):
        vault.unseal(before)
    path.unlink()
    assert vault.unseal(after) == SECRETS


@pytest.mark.parametrize("text", ["", "\n", "no key\n", Fernet.generate_key().decode()[:-4]])
def test_a_key_file_that_is_none_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret.keys"
    path.write_text(text)
    with pytest.raises(Unavailable, match="not one Fernet key per line") as caught:
        Vault.open(path)
    assert text.strip() == "" or text.strip() not in caught.value.message


def test_keys_are_replaced_as_a_whole(tmp_path: Path) -> None:
    path, keys = tmp_path / "secret.keys", _keys(3)
    write_keys(path, keys)
    assert read_keys(path) == keys
    assert [found.name for found in tmp_path.iterdir()] == ["secret.keys"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
