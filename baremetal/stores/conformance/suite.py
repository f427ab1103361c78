"""The cases, in the order of their telling."""

from typing import Final

import urllib3

from baremetal.stores.conformance import reading, writing
from baremetal.stores.conformance.bench import Case


def _fetch(url: str) -> tuple[int, bytes]:
    answer = urllib3.request("GET", url, retries=False, timeout=60)
    return answer.status, answer.data


CASES: Final[tuple[Case, ...]] = (
    reading.gives_back_what_was_put,
    reading.reads_ranges,
    reading.reads_in_many_threads,
    reading.holds_zero_bytes,
    reading.takes_names_of_any_script,
    reading.says_that_there_is_none,
    reading.notices_a_change,
    reading.lists_by_prefix,
    reading.signs_urls(_fetch),
    writing.refuses_what_it_cannot_write,
    writing.shows_nothing_before_the_commit,
    writing.leaves_nothing_of_an_aborted_write,
    writing.keeps_what_was_published_first,
    writing.replaces_at_once,
    writing.takes_any_order,
    writing.takes_small_pieces_in_order,
    writing.skips_holes,
    writing.holds_huge_sparse_objects,
    writing.goes_on_after_an_interruption,
    writing.can_give_up_after_an_interruption,
    writing.tells_what_interruptions_leave,
    writing.one_of_many_writers_wins,
    writing.deletes,
    writing.copies_by_itself,
)
