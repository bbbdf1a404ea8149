from django.db import models
from django.utils import timezone


class BlogQuerySet(models.QuerySet):
    def live(self, *, at=None):
        """Blogs that readers may see at `at` (now, unless told)."""
        return self.filter(status=self.model.Status.PUBLISHED, publish_at__lte=at or timezone.now())

    def awaiting_review(self):
        return self.filter(status=self.model.Status.IN_REVIEW)

    def visible_to(self, user):
        """All blogs for those who may see every author's, else the user's own."""
        if user.has_perm("weblog.view_all_blogs"):
            return self
        return self.filter(author=user)
