"""Draw what `python -m benchmarks.bytes` measured, as SVG for the manual.

python benchmarks/plot_bytes.py     benchmarks/results/bytes.csv -> doc/static/bytes-*.svg
"""

from plots import RESULTS, Plot, write

PLOTS = (
    Plot(
        "bytes-files",
        "File to file",
        "MiB a second",
        (
            ("cp", "files", "full_cp_mib_per_second"),
            ("ours", "files", "full_ours_mib_per_second"),
            ("ours, SHA-256", "files", "full_ours_sha256_mib_per_second"),
        ),
        number="MiB of the file",
    ),
    Plot(
        "bytes-objects",
        "Objects in files: throughput, in that of glance_store",
        "times",
        (
            ("add", "objects-file", "ours_add_times"),
            ("get", "objects-file", "ours_get_times"),
            ("bare calls, add", "objects-file", "bare_add_times"),
        ),
        (2, "goal: 2 times"),
        number="KiB of an object",
    ),
    Plot(
        "bytes-s3",
        "Objects in S3: throughput, in that of glance_store",
        "times",
        (
            ("add", "objects-s3", "ours_add_times"),
            ("get", "objects-s3", "ours_get_times"),
            ("bare requests, add", "objects-s3", "bare_add_times"),
        ),
        (2, "goal: 2 times"),
        number="KiB of an object",
    ),
    Plot(
        "bytes-ranges",
        "From a server that limits each connection",
        "MiB a second",
        (("ours", "ranges", "mib_per_second"),),
        number="connections",
    ),
    Plot(
        "bytes-sends",
        "What it costs a server to send",
        "CPU seconds a GiB",
        (
            ("Cheroot", "sends", "cheroot_cpu_seconds_a_gib"),
            ("Granian", "sends", "granian_cpu_seconds_a_gib"),
        ),
        number="KiB of a piece",
    ),
)

if __name__ == "__main__":
    write(RESULTS / "bytes.csv", PLOTS)
