import json

from django.forms.widgets import Script
from django.templatetags.static import static
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

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


class LeadPictureWidget(UnfoldAdminSelectWidget):
    """One picture: chosen by its thumbnail in the dialog of the editor, which the page needs.

    Without the script it is a list of the newest pictures, by their descriptions.
    """

    template_name = "weblog/admin/lead_picture.html"
    newest = 100

    class Media:
        css = {"all": ["weblog/admin.css"]}
        js = [Script("weblog/editor/lead.js", type="module")]

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["pictures_module"] = MODULES["pictures"]
        return context

    def optgroups(self, name, value, attrs=None):
        """Return the one that is chosen, the newest, and none."""
        found = self.choices.queryset
        chosen = [one for text in value if text.isdecimal() for one in found.filter(pk=text)]
        newest = found.filter(taken_down_at=None).order_by("-uploaded_at", "-pk")[: self.newest]
        pictures = {picture.pk: picture for picture in (*chosen, *newest)}
        options = [self.create_option(name, "", "No picture", not chosen, 0, attrs=attrs)]
        for index, picture in enumerate(pictures.values(), start=1):
            option = self.create_option(name, picture.pk, str(picture), picture in chosen, index)
            option["attrs"]["data-url"] = picture.file.url
            options.append(option)
        return [(None, options, 0)]
