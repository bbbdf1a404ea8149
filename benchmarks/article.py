"""The article's way of counting, our baseline: each view locks and updates one row."""

from django.contrib.auth.models import User
from django.db import connection, models
from django.db.models import F

from billing.periods import day_of, month_of
from weblog.models import Blog


class ArticleViewCount(models.Model):
    blog = models.ForeignKey(Blog, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    views = models.PositiveIntegerField(default=0)

    class Meta:
        app_label = "benchmarks"
        constraints = [models.UniqueConstraint(fields=["blog", "month"], name="article_unique")]

    def __str__(self):
        return f"{self.views} views in {self.month}"


def create_table() -> None:
    with connection.schema_editor() as editor:
        editor.create_model(ArticleViewCount)


def count_view(*, blog, viewed_at, **facts) -> None:
    count, _ = ArticleViewCount.objects.get_or_create(
        blog=blog, month=month_of(day_of(viewed_at)), defaults={"author": blog.author}
    )
    count.views = F("views") + 1
    count.save()


def receive_blog_view(sender, *, blog, viewed_at, **kwargs):
    count_view(blog=blog, viewed_at=viewed_at)
