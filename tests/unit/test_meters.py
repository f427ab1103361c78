"""What a process counts and times."""

from concurrent.futures import ThreadPoolExecutor

from baremetal.meters import Histogram, Tally


def test_durations_fall_between_the_bounds() -> None:
    histogram = Histogram((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 2.0, 3.0):
        histogram.observe(("a",), seconds)
    histogram.observe(("b",), 0.5)
    counts, total = histogram.rows()["a",]
    assert counts == [2, 1, 2]
    assert round(total, 6) == 5.65
    assert histogram.rows()["b",] == ([0, 1, 0], 0.5)


def test_no_observation_is_lost_between_threads() -> None:
    histogram, tally = Histogram((1.0,)), Tally()

    def work(_: int) -> None:
        for _ in range(5000):
            histogram.observe(("x",), 0.5)
            with tally.lock:
                tally["y",] += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert histogram.rows()["x",] == ([40_000, 0], 20_000)
    assert tally.values_now() == {("y",): 40_000}
