from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from unfold.contrib.forms.widgets import WysiwygWidget
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from weblog.models import Blog
from weblog.names import full_name


class BodyWidget(WysiwygWidget):
    class Media:
        js = ("unfold/forms/js/trix.config.js", "weblog/body_editor.js")


class AuthorChoiceField(forms.ModelChoiceField):
    def label_from_instance(self, user):
        return full_name(user)


class BlogForm(forms.ModelForm):
    """The admin sets `user`, on the class that it makes for each request."""

    user = None

    # Not in a fieldset: the change page has it in weblog/admin/blog_version.html.
    version = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Blog
        fields = ["title", "slug", "category", "author", "summary", "body"]
        widgets = {"summary": UnfoldAdminTextareaWidget({"rows": 3}), "body": BodyWidget}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["version"] = self.instance.updated_at.isoformat()

    def clean_author(self):
        author = self.cleaned_data["author"]
        is_published = self.instance.status == Blog.Status.PUBLISHED
        if is_published and author == self.user and "author" in self.changed_data:
            raise ValidationError(
                "You cannot make a published blog your own. Archive it first: "
                "somebody else can then publish it for you."
            )
        return author

    def clean(self):
        cleaned_data = super().clean()
        if self.instance.pk:
            self._refuse_to_overwrite()
        return cleaned_data

    def _refuse_to_overwrite(self):
        """Raise where the stored blog is not the one that the form showed. Locks it."""
        stored = Blog.objects.select_for_update().get(pk=self.instance.pk)
        if stored.updated_at.isoformat() == self.cleaned_data["version"]:
            return
        latest = stored.history.select_related("history_user").first()
        user = latest and latest.history_user
        raise ValidationError(
            "%(name)s saved this blog at %(time)s while you had it open. Keep a copy of your text, "
            "reload the page and enter it again. History shows what was changed.",
            params={
                "name": full_name(user) if user else "Somebody else",
                "time": timezone.localtime(stored.updated_at).strftime("%H:%M"),
            },
        )


class PublishForm(BaseDialogForm):
    at = forms.DateTimeField(
        label="Publish at",
        required=False,
        widget=UnfoldAdminTextInputWidget({"type": "datetime-local"}),
        help_text="Leave empty to publish now. A blog from the archive then keeps its date.",
    )


class ReturnForm(BaseDialogForm):
    comment = forms.CharField(
        label="What should the author change?",
        widget=UnfoldAdminTextareaWidget({"rows": 4}),
    )


class ArchiveForm(BaseDialogForm):
    reason = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="For the blog's history. Readers do not see it.",
    )
