"""The life of an image, and the rules that hold whoever asks."""

import pytest

from baremetal.domain import image as im
from baremetal.domain.errors import Conflict, Forbidden, InvalidInput, TooLarge
from baremetal.domain.image import Image, check_member, check_properties, check_tags


def test_the_table_names_known_states_alone() -> None:
    for moves in im.STATES.values():
        assert {*moves, *moves.values()} <= set(im.STATUSES)


def test_bytes_never_change_once_an_image_is_active() -> None:
    for event in ("upload", "stage", "import"):
        with pytest.raises(Conflict, match="is active"):
            Image("i", im.ACTIVE).after(event)


def test_an_upload_that_fails_can_be_tried_again() -> None:
    saving = Image("i", Image("i").after("upload"))
    assert saving.after("upload done") == im.ACTIVE
    assert saving.after("upload failed") == im.QUEUED


def test_each_status_but_those_on_their_way_out_can_be_deleted() -> None:
    for status in set(im.STATUSES) - {im.PENDING_DELETE, im.DELETED}:
        assert Image("i", status).after("delete") == im.PENDING_DELETE


def test_flags_refuse_in_words() -> None:
    with pytest.raises(Forbidden, match="protected"):
        Image("i", protected=True).check_delete()
    Image("i").check_delete()
    with pytest.raises(InvalidInput, match="disk_format, container_format"):
        Image("i").check_data()
    off = Image("i", im.DEACTIVATED)
    off.check_read(overseer=True)
    with pytest.raises(Forbidden, match="deactivated"):
        off.check_read(overseer=False)
    check_member(Image("i"))
    with pytest.raises(Forbidden, match="only shared"):
        check_member(Image("i", visibility=im.PUBLIC))


def test_properties_and_tags_have_bounds() -> None:
    check_properties({"os_distro": "debian"})
    check_tags(("a", "b"))
    with pytest.raises(InvalidInput, match="must be a string"):
        check_properties({"a": 1})
    with pytest.raises(InvalidInput, match="reserved"):
        check_properties({"os_glance_a": "b"})
    with pytest.raises(TooLarge, match="128"):
        check_properties({str(number): "" for number in range(129)})
    with pytest.raises(TooLarge, match="128"):
        check_tags(tuple(map(str, range(129))))
    with pytest.raises(InvalidInput, match="255"):
        check_tags(("x" * 256,))
