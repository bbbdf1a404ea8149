import json

from django.forms.widgets import Script
from django.templatetags.static import static
from unfold.widgets import UnfoldAdminTextareaWidget

PARTS = ["schema", "toolbar", "links", "paste", "pictures"]

# The modules that the editor's script loads: as data, because the paths carry hashes and the
# policy lets no inline import map name them.
MODULES = {
    "prose": "django_prose_editor/editor.js",
    **{
        name: f"weblog/editor/{name}.js"
        for name in ("schema", "toolbar", "links", "paste", "pictures")
    },
}


class BodyWidget(UnfoldAdminTextareaWidget):
    """The rich text editor, which uploads pictures during writing.

    The page holds the stored text unchanged; the script decides whether the editor would keep all
    of it, and shows it as HTML otherwise, as it stays without the script.
    """

    template_name = "weblog/admin/body_editor.html"

    class Media:
        css = {"all": ["weblog/admin.css", "weblog/editor.css"]}
        js = [Script("weblog/editor/start.js", type="module")]

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        paths = {name: static(path) for name, path in MODULES.items()}
        context["widget"]["attrs"]["data-editor"] = json.dumps(paths)
        return context

    def use_required_attribute(self, initial):
        return False  # a browser can't show it beside a field that the editor stands for
