import pytest

from baremetal.domain.errors import InvalidInput
from baremetal.stores.errors import UseRefused
from baremetal.stores.policies import StorePolicy, Use, permit, permitted

_NFS = StorePolicy.parse("nfs1", "template, snapshot")
_LAB = StorePolicy.parse("lab", groups="lab,staff")
_ALL = StorePolicy.parse("any")


def test_a_refused_use_says_which_policy() -> None:
    with pytest.raises(UseRefused, match=r"not for backups.*\[store:nfs1\] use = snapshot,temp"):
        permit(_NFS, Use.BACKUP)
    with pytest.raises(UseRefused, match=r"kept for lab, staff.*\[store:lab\] groups = lab,staff"):
        permit(_LAB, Use.IMAGE, ["guests"])


def test_what_the_policy_says_is_let() -> None:
    permit(_NFS, Use.TEMPLATE)
    permit(_LAB, Use.IMAGE, ["staff", "others"])
    for use in Use:
        permit(_ALL, use)


def test_the_stores_for_a_use_are_found() -> None:
    names = [policy.store for policy in permitted([_NFS, _LAB, _ALL], Use.TEMPLATE, ["lab"])]
    assert names == ["nfs1", "lab", "any"]
    assert permitted([_NFS, _LAB, _ALL], Use.IMAGE) == [_ALL]


def test_a_misspelt_use_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"use = templates is no use.*Example: template,snap"):
        StorePolicy.parse("nfs1", "templates")
