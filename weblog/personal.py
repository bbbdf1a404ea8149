"""The weblog's data about a person: their extract, and its erasure."""

from collections.abc import Iterator

from django.contrib.auth.models import User

from backoffice.accounts.extracts import ROWS_AT_A_TIME, read_rows
from weblog.models import Blog, NewText, Picture


def list_blogs(user: User) -> Iterator[dict]:
    """Yield the person's blogs, and blogs that they co-write."""
    for role, blogs in [("author", user.blogs), ("co-author", user.blogs_co_written)]:
        rows = blogs.select_related("category").order_by("pk").defer("body")
        for blog in rows.iterator(ROWS_AT_A_TIME):
            yield {
                "title": blog.title,
                "address": blog.get_absolute_url(),
                "you_are": role,
                "category": blog.category.name,
                "status": blog.get_status_display(),
                "published_from": blog.publish_at if blog.was_published else None,
                "created_at": blog.created_at,
                "changed_at": blog.updated_at,
                "editor_asked_for": blog.review_comment if role == "author" else "",
            }


def list_new_texts(user: User) -> Iterator[dict]:
    """Yield new texts that the person wrote or approved."""
    for role, what in [("created_by", "written"), ("approved_by", "approved")]:
        texts = NewText.objects.filter(**{role: user}).defer("body").order_by("pk")
        for text in texts.iterator(ROWS_AT_A_TIME):
            yield {
                "title": text.title,
                "you_have": what,
                "status": text.get_status_display(),
                "created_at": text.created_at,
                "editor_asked_for": text.review_comment if role == "created_by" else "",
            }


def list_pictures(user: User) -> Iterator[dict]:
    return read_rows(
        Picture.objects.filter(uploaded_by=user).order_by("pk"),
        file="file__name",
        description="alt_text",
        uploaded_at="uploaded_at",
        taken_down_at="taken_down_at",
        taken_down_because="takedown_reason",
    )


def list_taken_down(user: User) -> Iterator[dict]:
    pictures = Picture.objects.filter(taken_down_by=user).order_by("pk")
    for picture in pictures.iterator(ROWS_AT_A_TIME):
        yield {"at": picture.taken_down_at, "what": "took a picture down", "row": picture.pk}


def list_versions(user: User) -> Iterator[dict]:
    """Yield the person's changes of blogs by date, with the number of each blog, not its title."""
    records = Blog.history.filter(history_user=user).order_by("history_id")
    rows = records.values("history_date", "history_type", "id")
    words = {"+": "added a blog", "~": "changed a blog", "-": "deleted a blog"}
    for row in rows.iterator(ROWS_AT_A_TIME):
        yield {"at": row["history_date"], "what": words[row["history_type"]], "row": row["id"]}


EXTRACTS = {
    "blogs": list_blogs,
    "new_texts": list_new_texts,
    "pictures": list_pictures,
    "pictures_taken_down": list_taken_down,
    "versions_of_blogs": list_versions,
}
