"""The course as a site: notebooks as they were saved, figures, texts, public names."""

import json
import os
import re

project = "LeNet-5 in Keras"
author = "the lenet_keras authors"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx-mathjax-offline",
    "sphinxext.opengraph",
]
nb_execution_mode = "off"  # the saved outputs are those of MNIST
nb_render_markdown_format = "myst"  # with tables
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False  # Keras' own hooks are told by Keras

html_theme = "sphinx_book_theme"
html_title = project
html_context = {"default_mode": "auto"}  # light or dark, as the reader's machine is
html_theme_options = {"navbar_persistent": []}
html_use_index = html_domain_indices = False  # the search finds names
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["figures/lenet5.html"]

# Whoever publishes the site says where; a shared link needs the whole address.
ogp_site_url = os.environ.get("SITE_URL", "")
ogp_image = "_images/architecture.png"


PAGE = re.compile(r"\[([^\]]*)\]\((?:\.\./)?figures/lenet5\.html\)")


def open_page(app, name, source):
    """Open the page from a text that names it: as a file it would be saved."""
    up = "../" * name.count("/")
    source[0] = PAGE.sub(rf'<a href="{up}lenet5.html">\1</a>', source[0])


def skip_fields(app, what, name, member, skip, options):
    """Leave out the fields of a tuple, of which Python says their number alone."""
    return skip or str(member.__doc__).startswith("Alias for field")


def fold(app, name, source):
    """Fold the cells of a notebook that Jupyter shows folded."""
    if name.startswith("notebooks/"):
        notebook = json.loads(source[0])
        for cell in notebook["cells"]:
            if cell["metadata"].get("jupyter", {}).get("source_hidden"):
                cell["metadata"]["tags"].append("hide-cell")
        source[0] = json.dumps(notebook)


def setup(app):
    app.connect("source-read", fold)
    app.connect("source-read", open_page)
    app.connect("autodoc-skip-member", skip_fields)
