from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget

from backoffice.people import full_name
from backoffice.reasons import explain_missing_word
from weblog.addresses import find_free_address
from weblog.admin.guarded_forms import GuardedForm
from weblog.admin.widgets import BodyWidget
from weblog.errors import OwnLiveBlog, PictureRefused
from weblog.models import Blog, Picture
from weblog.pictures.fetched import fetch_file
from weblog.pictures.preparing import encode_picture
from weblog.publishing.moves import describe_move
from weblog.publishing.ownership import check_may_change

MOVES = ("author", "category")


class AuthorChoiceField(forms.ModelChoiceField):
    def label_from_instance(self, user):
        return full_name(user)


class AuthorsChoiceField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, user):
        return full_name(user)


class BlogForm(GuardedForm):
    """The admin sets `user`, on the class that it makes for each request.

    Before a published blog gets another author or category, the form shows what follows
    from it (`move_effects`) and asks why.
    """

    user = None
    move_effects = ()
    asks_for_move_reason = False
    numbered_from = ""  # the address that was typed, if it was taken

    # Not in a fieldset: weblog/admin/blog_version.html shows it where it is asked for.
    move_reason = forms.CharField(
        label="Why does it move?",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text="Kept in the blog's history, beside the change.",
    )

    class Meta:
        model = Blog
        fields = ["title", "slug", "category", "author", "co_authors", "summary", "body"]
        fields += ["lead_picture"]
        labels = {"co_authors": "Co-authors"}
        widgets = {"summary": UnfoldAdminTextareaWidget({"rows": 3}), "body": BodyWidget}

    def clean(self):
        """Refuse here, not by permission, so that the page shows the typed text again."""
        cleaned_data = super().clean()
        if self.instance.pk and self.changed_data:
            try:
                check_may_change(self.instance, by=self.user)
            except OwnLiveBlog as error:
                raise ValidationError(str(error)) from error
        self._check_people()
        self._ask_before_a_move()
        return cleaned_data

    def clean_slug(self):
        """Return the address, with a number where it leads to another blog already."""
        slug = self.cleaned_data["slug"]
        free = find_free_address(slug, blog=self.instance)
        self.numbered_from = slug if free != slug else ""
        return free

    def _check_people(self):
        author = self.cleaned_data.get("author") or self._find_author()
        if author in self.cleaned_data.get("co_authors", ()):
            name = full_name(author)
            self.add_error("co_authors", f"{name} is its author already, so not also a co-author.")
        if self._is_moved("author") and author == self.user:
            self.add_error(
                "author",
                "You cannot make a published blog your own. Archive it first: "
                "somebody else can then publish it for you.",
            )

    def _find_author(self):
        return self.instance.author if self.instance.pk else self.user

    def _is_moved(self, name):
        is_published = self.instance.status == Blog.Status.PUBLISHED
        return bool(
            self.instance.pk
            and is_published
            and name in self.changed_data
            and name in self.cleaned_data
        )

    def _ask_before_a_move(self):
        moves = {name: self.cleaned_data[name] for name in MOVES if self._is_moved(name)}
        if not moves or self.errors:
            return
        self.move_effects = describe_move(blog=self.instance, **moves)
        reason = self.cleaned_data.get("move_reason", "")
        if refusal := explain_missing_word(reason, "Say why, and save again."):
            self.asks_for_move_reason = True
            what = " and ".join(moves)
            self.add_error("move_reason", refusal)
            raise ValidationError(
                f"Readers see this blog, and you change its {what}. Nothing is saved yet: "
                "read above what follows from it, and say why."
            )


class DescriptionForm(forms.ModelForm):
    """The form of a stored picture's description."""

    class Meta:
        model = Picture
        fields = ["alt_text"]


class PictureForm(forms.ModelForm):
    """The form that uploads a picture.

    Whoever makes it sets `prepared`, outside any transaction: decoding takes up to twelve seconds,
    and on SQLite nobody else could write for as long.
    """

    prepared: ContentFile | PictureRefused | None = None

    # Not an ImageField: it would decode the file before any limit on its unpacked size.
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget({"accept": "image/jpeg,image/png,image/webp"}),
        help_text="JPEG, PNG or WebP, up to 10 MB. Data from the camera is removed.",
    )

    class Meta:
        model = Picture
        fields = ["file", "alt_text"]

    @staticmethod
    def prepare(file: File | None) -> ContentFile | PictureRefused | None:
        """Return the picture that was uploaded, written anew, or why it is refused."""
        if not file:
            return None
        try:
            return encode_picture(file)
        except PictureRefused as error:
            return error

    def clean_file(self):
        prepared = self.prepared or self.prepare(self.cleaned_data["file"])
        if isinstance(prepared, PictureRefused):
            raise ValidationError(str(prepared)) from prepared
        return prepared


class FetchForm(forms.ModelForm):
    """The form that fetches a picture which was pasted with a text of another site."""

    address = forms.CharField()

    class Meta:
        model = Picture
        fields = ["alt_text"]

    def clean(self):
        cleaned_data = super().clean()
        if self.errors:  # nobody is asked for a picture that would not be kept
            return cleaned_data
        try:
            self.instance.file = fetch_file(cleaned_data["address"])
        except PictureRefused as error:
            raise ValidationError(str(error)) from error
        return cleaned_data
