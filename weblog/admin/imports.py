"""The page of the blog admin that imports posts: preview, choice of accounts, import."""

from functools import partial

from django import forms
from django.contrib.auth.models import User
from django.urls import path, reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminURLInputWidget

from backoffice.import_pages import SHOWN, ImportView, UploadForm
from backoffice.people import full_name
from backoffice.uploads import open_upload
from weblog.errors import ImportRefused
from weblog.importing.fetching import fetch_pictures
from weblog.importing.formats import open_apart
from weblog.importing.imports import import_posts
from weblog.importing.plans import Choices, Plan, make_plan
from weblog.models import Category

MOST_POSTS = 1_000  # as many as one request can import in time
MOST_PICTURES, SECONDS_OF_PICTURES = 40, 12  # a request is over in half a minute
MOST_NAMES = 900  # a form may have 1,000 fields


def check_size(plan: Plan, names: int) -> None:
    if plan.problem_post_count > MOST_POSTS:
        first = plan.problem_posts[0]
        raise ImportRefused(
            f"More than {MOST_POSTS:,} posts of {plan.file_name} can't come in as they are. The "
            f"first is {first.place}: {' '.join(first.problems)[:300]} Mend the file, or let an "
            "administrator import it by a command: docs/operations.md."
        )
    if plan.new > MOST_POSTS or names > MOST_NAMES:
        raise ImportRefused(
            f"This page takes {MOST_POSTS:,} new posts of {MOST_NAMES:,} authors and categories at "
            "once. Let an administrator import the file by a command: docs/operations.md."
        )


class PostUploadForm(UploadForm):
    site = forms.URLField(
        label="Address of the old site",
        required=False,
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget,
        help_text="For pictures of Ghost and Markdown that name only a place on their site. "
        "WordPress names its own.",
    )


class PostImportView(ImportView):
    title = "Import posts"
    form_class = PostUploadForm
    template_name = "weblog/admin/post_import.html"
    open_to_run = staticmethod(open_upload)  # a second try is harmless

    def has_permission(self):
        """Return whether the user has both permissions: published posts come in as published."""
        return super().has_permission() and self.request.user.has_perm("weblog.publish_blog")

    def look(self, file, file_name, site=""):
        with open_apart(file, file_name, site=site) as source:
            plan = make_plan(
                source, by=self.request.user, check_size=check_size, choices=self.read_choices()
            )
        return {
            "plan": plan,
            "left_out": list(plan.skipped.items()),
            "notes": list(plan.notes.items()),
            "joint_names": [
                (name, names, plan.people_of[name] == [name])
                for name, names in plan.joint_names.items()
            ],
            "leaves_out_problems": "leaves_out_problems" in self.request.POST,
            "fetches_pictures": "fetch_pictures" in self.request.POST,
            "most_pictures": MOST_PICTURES,
            "author_choices": list(plan.authors.items()),
            "category_choices": list(plan.categories.items()),
            "problems": plan.problems[:SHOWN],
            "problem_count": plan.problem_count,
            "may_import": plan.new > 0 or not plan.problem_count,
        }

    def run(self, file, file_name, site=""):
        with open_apart(file, file_name, site=site) as source:
            plan = import_posts(
                source=source,
                by=self.request.user,
                check_size=check_size,
                choices=self.read_choices(),
                fetch=self.choose_fetch(),
            )
        return f"{file_name}: {plan.describe()}"

    def refuse(self, error):
        """Show the preview again, with the choices that the user has to change."""
        if isinstance(error, ImportRefused) and self.request.POST.get("step") == "confirm":
            return self.look_again()
        return super().refuse(error)

    def choose_fetch(self):
        if "fetch_pictures" not in self.request.POST:
            return None
        return partial(
            fetch_pictures, by=self.request.user, most=MOST_PICTURES, seconds=SECONDS_OF_PICTURES
        )

    def read_choices(self):
        """Return what the user chose in the preview; nothing at first."""
        posted = self.request.POST
        return Choices(
            authors=self._read_map("author:"),
            categories=self._read_map("category:"),
            whole_names=posted.getlist("one_person"),
            left_out={
                int(number)
                for number in posted.getlist("left_out")
                if number.isdecimal() and len(number) < 10
            },
            leaves_out_problems="leaves_out_problems" in posted,
        )

    def _read_map(self, prefix):
        return {
            name.removeprefix(prefix): value
            for name, value in self.request.POST.items()
            if name.startswith(prefix) and value
        }

    def show(self, **context):
        if "plan" in context:
            context["accounts"] = [
                (user.username, full_name(user)) for user in User.objects.order_by("username")
            ]
            context["category_names"] = Category.objects.values_list("name", flat=True)
        return super().show(**context)


class PostImports:
    """For the blog admin: the page that imports posts."""

    @property
    def import_note(self):
        return format_html(
            'Posts of WordPress, Ghost or Markdown have <a class="bo-link" href="{}">a page of '
            "their own</a>. A new blog starts as a draft.",
            reverse("admin:weblog_blog_import_posts"),
        )

    def get_urls(self):
        view = PostImportView.as_page(self)
        url = path("import-posts/", view, name="weblog_blog_import_posts")
        return [url, *super().get_urls()]
