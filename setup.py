"""Maps the top-level ``migrations/`` into the package; all else is declared in setup.cfg."""

from setuptools import find_namespace_packages, find_packages, setup

# Installed as baremetal.migrations, so that a wheel can migrate a database
# without putting a package of such a common name into site-packages.
migrations = find_namespace_packages(include=["migrations", "migrations.*"])

setup(
    packages=[
        *find_packages(include=["baremetal", "baremetal.*"]),
        *(f"baremetal.{name}" for name in migrations),
    ],
    package_dir={"baremetal.migrations": "migrations"},
)
