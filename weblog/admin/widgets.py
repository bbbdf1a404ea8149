from unfold.contrib.forms.widgets import WysiwygWidget
from unfold.widgets import UnfoldAdminTextareaWidget

from weblog.errors import TextRefused
from weblog.html import clean_html
from weblog.trix import find_unknown_tags, from_editor, to_editor


class BodyWidget(WysiwygWidget):
    """The rich text editor, which uploads pictures during writing.

    It shows a text with unknown tags, such as a table, as HTML, because it would drop them.
    """

    template_name = "weblog/admin/body_editor.html"
    source_template_name = "weblog/admin/body_source.html"

    class Media:
        css = {"all": ["weblog/admin.css"]}
        js = ["unfold/forms/js/trix.config.js", "weblog/body_editor.js"]

    def render(self, name, value, attrs=None, renderer=None):
        try:
            value = clean_html(value or "")
            tags = find_unknown_tags(value)
        except TextRefused:  # shown as it was typed, beside the reason
            tags = None
        if tags is not None and not tags:
            return super().render(name, to_editor(value), attrs, renderer)
        field = UnfoldAdminTextareaWidget({"rows": 24}).render(name, value, attrs, renderer)
        context = {"field": field, "tags": sorted(tags or ())}
        return self._render(self.source_template_name, context, renderer)

    def value_from_datadict(self, data, files, name):
        value = super().value_from_datadict(data, files, name)
        return value and from_editor(value)
