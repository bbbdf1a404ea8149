"""Blogs and categories as tables. Only exports hold a status; an import never sets one."""

import time

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from import_export.fields import Field
from import_export.widgets import CharWidget, DateTimeWidget, ForeignKeyWidget, ManyToManyWidget

from backoffice.resources import ImportedResource, describe_unstorable
from weblog.errors import TextRefused
from weblog.html.bounded import clean_html
from weblog.models import Blog, Category, OldAddress
from weblog.models.histories import unrecorded
from weblog.publishing.moves import describe_move
from weblog.publishing.ownership import is_own_and_live


class NamedWidget(ForeignKeyWidget):
    """Finds a row of another table by its name, for which the message asks. Remembers it."""

    def __init__(self, model, field, *, advice):
        super().__init__(model, field)
        self.advice = advice
        self.found = {}

    def clean(self, value, row=None, **kwargs):
        if value not in self.found:
            self.found[value] = self.model.objects.filter(**{self.field: value}).first()
        if self.found[value] is None:
            raise ValueError(f"There is no “{value}”. {self.advice}" if value else self.advice)
        return self.found[value]


class AuthorsWidget(ManyToManyWidget):
    """Usernames with commas between them."""

    def __init__(self):
        super().__init__(User, separator=",", field="username")

    def clean(self, value, row=None, **kwargs):
        names = list(dict.fromkeys(filter(None, (name.strip() for name in value.split(",")))))
        users = {user.username: user for user in User.objects.filter(username__in=names)}
        if missing := [name for name in names if name not in users]:
            raise ValidationError({"co_authors": f"There is no account “{missing[0]}”."})
        return [users[name] for name in names]

    def render(self, value, obj=None, **kwargs):
        users = value.all() if value else []  # a blog that is not saved yet has none
        return ",".join(sorted(user.username for user in users))


class HTMLWidget(CharWidget):
    """Gives HTML as it is stored, so that a second import finds it unchanged."""

    most_seconds = 3  # for one import: 5,000 texts of people take one

    def __init__(self):
        super().__init__()
        self._cleaned = {}

    def clean_all(self, texts):
        """Clean the texts, or note why one is refused. No transaction should wait for it."""
        started = time.monotonic()
        for text in texts:
            try:
                if refusal := describe_unstorable(text):
                    raise TextRefused(refusal)
                if time.monotonic() - started > self.most_seconds:
                    raise TextRefused("The texts before it took too long to clean. Split the file.")
                self._cleaned[text] = clean_html(text)
            except TextRefused as error:
                self._cleaned[text] = error

    def clean(self, value, row=None, **kwargs):
        if value not in self._cleaned:
            self.clean_all([value])
        cleaned = self._cleaned[value]
        if isinstance(cleaned, TextRefused):
            raise cleaned
        return cleaned


class CategoryResource(ImportedResource):
    class Meta(ImportedResource.Meta):
        model = Category
        import_id_fields = ["slug"]
        fields = ["slug", "name"]
        export_order = import_order = fields


class BlogResource(ImportedResource):
    id = Field("id", "id", readonly=True)
    author = Field(
        "author",
        "author",
        NamedWidget(User, "username", advice="Write the username of an account."),
    )
    co_authors = Field("co_authors", "co_authors", AuthorsWidget())
    category = Field(
        "category",
        "category",
        NamedWidget(Category, "slug", advice="Write the slug of a category that is here."),
    )
    body = Field("body", "body", HTMLWidget())
    status = Field("status", "status", readonly=True)
    publish_at = Field("publish_at", "publish_at", DateTimeWidget(), readonly=True)
    created_at = Field("created_at", "created_at", DateTimeWidget(), readonly=True)
    updated_at = Field("updated_at", "updated_at", DateTimeWidget(), readonly=True)

    class Meta(ImportedResource.Meta):
        model = Blog
        import_id_fields = ["slug"]
        fields = [
            "id",
            "slug",
            "title",
            "author",
            "co_authors",
            "category",
            "status",
            "publish_at",
            "summary",
            "body",
            "created_at",
            "updated_at",
        ]
        export_order = import_order = fields

    def prepare(self, dataset):
        if "body" in dataset.headers:
            self.fields["body"].widget.clean_all(dataset["body"])

    def get_queryset(self):
        blogs = super().get_queryset()
        return blogs if self.user is None else blogs.entrusted_to(self.user)

    def filter_export(self, queryset, **kwargs):
        return queryset.prefetch_related("co_authors")

    def after_init_instance(self, instance, new, row, **kwargs):
        super().after_init_instance(instance, new, row, **kwargs)
        self._was_of = None if new else (instance.author_id, instance.category_id)
        self._was_own = (
            not new and self.user is not None and is_own_and_live(instance, by=self.user)
        )
        number, status = row.get("id", ""), row.get("status", "")
        if number and number != str(instance.pk):
            raise ValidationError(
                {"id": "Leave it empty for a new blog. The slug tells which blog a row is."}
            )
        if status and status != instance.status:
            raise ValidationError(
                {"status": f"It is {instance.status} here, and is not changed by an import."}
            )
        if new and OldAddress.objects.filter(slug=row["slug"]).exists():
            raise ValidationError({"slug": "It leads to another blog, which had it before."})

    def before_save_instance(self, instance, row, **kwargs):
        super().before_save_instance(instance, row, **kwargs)
        if self._was_own or (self.user is not None and is_own_and_live(instance, by=self.user)):
            raise ValidationError("It is published and your own: somebody else has to change it.")
        self._check_people(instance, row)

    def describe_effects(self, instance):
        """Say what a new author or category of a published blog means, as its form does."""
        is_published = instance.status == Blog.Status.PUBLISHED
        if self._was_of in (None, (instance.author_id, instance.category_id)) or not is_published:
            return []
        return describe_move(blog=instance, author=instance.author, category=instance.category)

    def do_instance_save(self, instance, is_create):
        self._is_new = is_create
        with unrecorded(instance):
            super().do_instance_save(instance, is_create)

    def save_m2m(self, instance, row, **kwargs):
        """Record the row with its co-authors, as one version."""
        with unrecorded(instance):
            super().save_m2m(instance, row, **kwargs)
        if instance.pk:
            Blog.whole_history.record(instance, is_new=self._is_new)

    def _check_people(self, instance, row):
        if "co_authors" in row:
            names = {name.strip() for name in row["co_authors"].split(",")}
            is_both = instance.author.username in names
        else:
            is_both = (
                bool(instance.pk) and instance.co_authors.filter(pk=instance.author_id).exists()
            )
        if is_both:
            name = instance.author.username
            raise ValidationError({"co_authors": f"{name} is its author, so not also a co-author."})
