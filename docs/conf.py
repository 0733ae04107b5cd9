"""Settings of the documentation: `sphinx-build -W docs docs/_build`."""

import re

import walshqhn

project = "walshqhn"
author = "The walshqhn developers"
copyright = f"2026, {author}"
version = release = walshqhn.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"walshqhn {release}"
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

default_role = "py:obj"  # `Name` in a docstring is a link where there is such a name
autodoc_class_signature = "separated"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures name the parameters; what they may be is said in words
autodoc_default_options = {"members": True}
napoleon_google_docstring = False
napoleon_use_rtype = False


def escape_bars(app, what, name, obj, options, lines):
    """|S| is a size in our docstrings, not a substitution of reStructuredText's."""
    for k, line in enumerate(lines):
        pieces = re.split(r"(``.*?``)", line)
        lines[k] = "".join(p if p.startswith("``") else re.sub(r"(?<!\\)\|", r"\\|", p) for p in pieces)


def setup(app):
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", escape_bars)
