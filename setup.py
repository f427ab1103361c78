"""Maps the top-level ``migrations/`` into the package; all else is declared in setup.cfg."""

from setuptools import find_packages, setup

# Installed as baremetal.migrations, so that a wheel can migrate a database
# without putting a package of such a common name into site-packages.
setup(
    packages=[
        *find_packages(include=["baremetal", "baremetal.*"]),
        "baremetal.migrations",
        "baremetal.migrations.versions",
    ],
    package_dir={"baremetal.migrations": "migrations"},
)
