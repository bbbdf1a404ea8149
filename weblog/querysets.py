from django.db import models
from django.db.models import Q
from django.db.models.functions import Left
from django.utils import timezone

from weblog.search import find_terms

SEARCHED = ["title", "summary", "author__first_name", "author__last_name", "category__name"]
OPENING = 2000  # characters of a body that are sure to hold its first sentences


class BlogQuerySet(models.QuerySet):
    def live(self, *, at=None):
        """Return the blogs that readers may see at `at` (default: now)."""
        return self.filter(status=self.model.Status.PUBLISHED, publish_at__lte=at or timezone.now())

    def awaiting_review(self):
        return self.filter(status=self.model.Status.IN_REVIEW)

    def visible_to(self, user):
        """Return all blogs for users who may see every author's, else those that name the user.

        `is_co_written` marks another author's blogs, which the user may only read.
        """
        if user.has_perm("weblog.view_all_blogs"):
            return self
        return self.written_by(user).annotate(is_co_written=~Q(author=user))

    def entrusted_to(self, user):
        """Return the blogs that the user may change and move on, apart from other rules."""
        return self if user.has_perm("weblog.view_all_blogs") else self.filter(author=user)

    def written_by(self, user):
        """Return the blogs that name `user` as author or co-author."""
        return self.filter(Q(author=user) | Q(pk__in=user.blogs_co_written.values("pk")))

    def containing(self, words):
        """Return the blogs that have each word or phrase in their text, author or category."""
        return find_terms(self, words, fields=SEARCHED, html="body")

    def with_people(self):
        people = ("author", "category", "lead_picture")
        return self.select_related(*people).prefetch_related("co_authors")

    def with_opening(self):
        """Add `opening`, the cut start of the body, in place of the body."""
        return self.defer("body").annotate(opening=Left("body", OPENING))


class NewTextQuerySet(models.QuerySet):
    def open(self):
        """Return the new texts that may still be published; a blog has one at most."""
        return self.filter(status__in=self.model.OPEN)

    def due(self, *, at):
        """Return the scheduled texts that are due at `at`, the earliest first."""
        due = self.filter(status=self.model.Status.SCHEDULED, publish_at__lte=at)
        return due.order_by("publish_at", "pk")

    def awaiting_review(self):
        return self.filter(status=self.model.Status.IN_REVIEW)

    def visible_to(self, user):
        """Return the new texts of blogs that the user may see."""
        if user.has_perm("weblog.view_all_blogs"):
            return self
        return self.filter(Q(blog__author=user) | Q(blog__in=user.blogs_co_written.values("pk")))
