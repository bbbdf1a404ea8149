from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget

from backoffice.people import full_name
from weblog.addresses import check_address
from weblog.admin.guarded_forms import GuardedForm
from weblog.admin.widgets import BodyWidget
from weblog.errors import AddressTaken, OwnLiveBlog, PictureRefused
from weblog.fetched_pictures import fetch_file
from weblog.models import Blog, Picture
from weblog.ownership import check_may_change
from weblog.pictures import encode_picture


class AuthorChoiceField(forms.ModelChoiceField):
    def label_from_instance(self, user):
        return full_name(user)


class AuthorsChoiceField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, user):
        return full_name(user)


class BlogForm(GuardedForm):
    """The admin sets `user`, on the class that it makes for each request."""

    user = None

    class Meta:
        model = Blog
        fields = ["title", "slug", "category", "author", "co_authors", "summary", "body"]
        labels = {"co_authors": "Co-authors"}
        widgets = {"summary": UnfoldAdminTextareaWidget({"rows": 3}), "body": BodyWidget}

    def clean(self):
        """Refuse here, not by permission, so that the page shows the typed text again."""
        cleaned_data = super().clean()
        if self.instance.pk:
            try:
                check_may_change(self.instance, by=self.user)
            except OwnLiveBlog as error:
                raise ValidationError(str(error)) from error
        return cleaned_data

    def clean_slug(self):
        slug = self.cleaned_data["slug"]
        try:
            check_address(slug, blog=self.instance)
        except AddressTaken as error:
            raise ValidationError(str(error)) from error
        return slug

    def clean_author(self):
        author = self.cleaned_data["author"]
        is_published = self.instance.status == Blog.Status.PUBLISHED
        if is_published and author == self.user and "author" in self.changed_data:
            raise ValidationError(
                "You cannot make a published blog your own. Archive it first: "
                "somebody else can then publish it for you."
            )
        return author

    def describe_moves(self):
        """Yield the effect of a new author or category on the views counted so far."""
        for name in {"author", "category"} & {*self.changed_data}:
            field = self.fields[name]
            former = field.queryset.model.objects.get(pk=self.initial[name])
            labels = map(field.label_from_instance, (former, self.cleaned_data[name]))
            yield "Views so far stay with {}. Views from now on go to {}.".format(*labels)


class DescriptionForm(forms.ModelForm):
    """The form of a stored picture's description."""

    class Meta:
        model = Picture
        fields = ["alt_text"]


class PictureForm(forms.ModelForm):
    """The form that uploads a picture."""

    # Not an ImageField: it would decode the file before any limit on its unpacked size.
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget({"accept": "image/jpeg,image/png,image/webp"}),
        help_text="JPEG, PNG or WebP, up to 10 MB. Data from the camera is removed.",
    )

    class Meta:
        model = Picture
        fields = ["file", "alt_text"]

    def clean_file(self):
        try:
            return encode_picture(self.cleaned_data["file"])
        except PictureRefused as error:
            raise ValidationError(str(error)) from error


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
