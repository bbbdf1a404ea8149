"""Categories and blogs: what readers find."""

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from backoffice.people import full_name
from weblog.fields import CleanHTMLField
from weblog.models.histories import WholeHistory
from weblog.querysets import BlogQuerySet

SUMMARY_LENGTH = 500


class CategoryManager(models.Manager):
    def get_by_natural_key(self, slug):
        return self.get(slug=slug)


class Category(models.Model):
    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True)

    objects = CategoryManager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "categories"
        permissions = [
            ("export_category", "Can export categories"),
            ("import_category", "Can import categories"),
        ]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.slug,)


BlogManagerBase = models.Manager.from_queryset(BlogQuerySet)


class BlogManager(BlogManagerBase):
    def get_by_natural_key(self, slug):
        return self.get(slug=slug)


class Blog(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft"
        IN_REVIEW = "in_review", "In review"
        PUBLISHED = "published"
        ARCHIVED = "archived"

    # Permissions say who may move a blog; this table says which moves are possible now.
    TRANSITIONS = {
        Status.DRAFT: {Status.IN_REVIEW, Status.PUBLISHED},
        Status.IN_REVIEW: {Status.DRAFT, Status.PUBLISHED},
        Status.PUBLISHED: {Status.ARCHIVED, Status.DRAFT},
        Status.ARCHIVED: {Status.PUBLISHED},
    }

    title = models.CharField(max_length=200)
    slug = models.SlugField(
        max_length=200, unique=True, help_text="The last part of the blog's public address."
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="blogs"
    )
    co_authors = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="blogs_co_written",
        help_text="Named beside the author, and can read it here. The blog stays the author's.",
    )
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="blogs")
    summary = models.TextField(
        blank=True, max_length=SUMMARY_LENGTH, help_text="One or two sentences, shown in lists."
    )
    body = CleanHTMLField(blank=True)
    lead_picture = models.ForeignKey(
        "weblog.Picture",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Shown with the blog in lists, and where somebody shares it.",
    )
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.DRAFT, editable=False
    )
    publish_at = models.DateTimeField(default=timezone.now, editable=False)
    submitted_at = models.DateTimeField(null=True, blank=True, editable=False)
    review_comment = models.TextField(
        blank=True, max_length=2000, editable=False, help_text="What the editor asked for."
    )
    imported_from = models.CharField(
        max_length=300,
        unique=True,
        null=True,
        blank=True,
        editable=False,
        help_text="The post's own address or number where it came from.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = BlogManager()
    history = WholeHistory(m2m_fields=[co_authors])

    is_co_written = False  # BlogQuerySet.visible_to says so of what a co-author sees

    class Meta:
        ordering = ["-publish_at", "-pk"]
        indexes = [
            models.Index(fields=["status", "-publish_at"], name="weblog_blog_live"),
            models.Index(fields=["-updated_at", "-id"], name="weblog_blog_updated"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["draft", "in_review", "published", "archived"]),
                name="weblog_blog_status_known",
                violation_error_message="A blog is a draft, in review, published or archived.",
            ),
        ]
        permissions = [
            ("view_all_blogs", "Can see every author's blogs"),
            ("publish_blog", "Can publish, return and archive blogs"),
            ("export_blog", "Can export blogs"),
            ("import_blog", "Can import blogs"),
            ("restore_blog", "Can bring back an old version of a blog"),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("weblog:blog_detail", args=[self.slug])

    def natural_key(self):
        return (self.slug,)

    @property
    def author_name(self):
        return full_name(self.author)

    @property
    def was_published(self):
        return self.status in (self.Status.PUBLISHED, self.Status.ARCHIVED)

    @property
    def is_live(self):
        return self.status == self.Status.PUBLISHED and self.publish_at <= timezone.now()

    @property
    def is_scheduled(self):
        return self.status == self.Status.PUBLISHED and not self.is_live

    @property
    def shown_picture(self):
        """The lead picture, or None if there is none any more."""
        picture = self.lead_picture
        return picture if picture and picture.taken_down_at is None else None

    def is_entrusted_to(self, user):
        """Return whether the user may change it and move it on, apart from other rules."""
        return self.author_id == user.pk or user.has_perm("weblog.view_all_blogs")


class OldAddress(models.Model):
    """A former slug of a published blog. It redirects readers to the blog."""

    slug = models.SlugField(max_length=200, unique=True)
    blog = models.ForeignKey(Blog, on_delete=models.PROTECT, related_name="old_addresses")
    changed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-changed_at"]
        verbose_name_plural = "old addresses"

    def __str__(self):
        return self.slug
