"""Draw what the benchmarks measured against the number of machines, as SVG for the manual.

    python benchmarks/plot_scale.py     benchmarks/results/scale.csv -> doc/static/scale-*.svg

`--csv` of the benchmarks appends to the CSV.
"""

from plots import RESULTS, Plot, write

PLOTS = (
    Plot(
        "scale-sweep",
        "A power sync of all machines",
        "seconds",
        (
            ("from first to last", "sweep", "sweep_seconds"),
            ("of CPU", "sweep", "sweep_cpu_seconds"),
        ),
        (30, "goal: 30 s"),
    ),
    Plot(
        "scale-lives",
        "From enrolment to active: CPU for each machine",
        "milliseconds",
        (
            ("in the plane", "lives", "plane_cpu_ms_per_life"),
            ("in the simulator", "lives", "simulator_cpu_ms_per_life"),
        ),
    ),
    Plot(
        "scale-time",
        "From the first enrolment to the last active machine",
        "seconds",
        (("all machines", "lives", "seconds"),),
        (1200, "goal for 10,000: 20 min"),
    ),
    Plot(
        "scale-get",
        "GET of a node while all machines send heartbeats",
        "milliseconds",
        (
            ("p50", "heartbeats", "get_p50_ms"),
            ("p95", "heartbeats", "get_p95_ms"),
        ),
        (50, "goal: p95 of 50 ms"),
    ),
)

if __name__ == "__main__":
    write(RESULTS / "scale.csv", PLOTS)
