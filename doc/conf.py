"""How the manual is built: ``make docs``."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE / "ext")]

project = "Baremetal"
author = "The Baremetal project"
OURS = [
    "api_reference",
    "cause_reference",
    "driver_reference",
    "metric_reference",
    "options_reference",
    "share_reference",
    "state_diagram",
    "store_reference",
]
extensions = ["myst_parser", *OURS]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["build", "ext", "README.md"]
# Release notes are read from the history, which a shallow clone or an archive lacks.
if (ROOT / ".git").exists() and not (ROOT / ".git" / "shallow").exists():
    extensions.append("reno.sphinxext")
else:
    exclude_patterns.append("reference/release-notes.rst")
nitpicky = True
html_theme = "alabaster"
html_theme_options = {
    "description": "The physical side of a private cloud",
    "fixed_sidebar": True,
    "page_width": "76em",
}
html_static_path = ["static"]
html_css_files = ["manual.css"]
html_show_copyright = False
html_show_sphinx = False
