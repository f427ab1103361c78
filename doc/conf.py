"""How the manual is built: ``make docs``."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "ext")]

project = "Baremetal"
author = "The Baremetal project"
extensions = ["myst_parser", "state_diagram"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["build", "ext", "README.md"]
nitpicky = True
html_theme = "alabaster"
html_theme_options = {
    "description": "The physical side of a private cloud",
    "fixed_sidebar": True,
    "page_width": "66em",
}
html_static_path = ["static"]
html_css_files = ["manual.css"]
html_show_copyright = False
html_show_sphinx = False
