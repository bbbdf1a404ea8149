"""The common base of the commands that import posts."""

from functools import partial
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from weblog.errors import ImportRefused
from weblog.importing.fetching import fetch_pictures
from weblog.importing.formats import open_path
from weblog.importing.imports import check_plan, import_posts
from weblog.importing.maps import read_map
from weblog.importing.plans import Choices, make_plan


class ImportCommand(BaseCommand):
    """Import all posts of files of `kind`, or nothing. Print the result in one line."""

    kind = ""
    path_help = ""

    def add_arguments(self, parser):
        parser.add_argument("path", type=Path, help=self.path_help)
        parser.add_argument(
            "--author-map",
            type=Path,
            metavar="FILE.csv",
            help="Two columns with headings: an author in the file, and the username of an "
            "account, or another new author, to join both. Who is not in it is looked up by "
            "username, and else gets an inactive account without any right.",
        )
        parser.add_argument(
            "--one-person",
            action="append",
            default=[],
            metavar="NAME",
            help="A name that looks like several people, as “A and B” does, and is one.",
        )
        parser.add_argument(
            "--leave-out-problems",
            action="store_true",
            help="Import the other posts where some have problems, and name those.",
        )
        parser.add_argument(
            "--category-map",
            type=Path,
            metavar="FILE.csv",
            help="Two columns with headings: a category in the file, and the name or slug of one "
            "here. What is not in it is looked up by name, and else made.",
        )
        parser.add_argument(
            "--site",
            default="",
            metavar="URL",
            help="The address of the old site, for pictures that name only a place on it, as those "
            "of Ghost do.",
        )
        parser.add_argument(
            "--fetch-pictures",
            metavar="USERNAME",
            help="Fetch the pictures from their old site, as uploads of this account. "
            "Without it they become links.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Report, and write nothing.")

    def handle(self, *, path, author_map, category_map, dry_run, **options):
        try:
            choices = Choices(
                authors=read_map(author_map) if author_map else {},
                categories=read_map(category_map) if category_map else {},
                whole_names=options["one_person"],
                leaves_out_problems=options["leave_out_problems"],
            )
            with open_path(path, site=options["site"]) as source:
                self._check_kind(source)
                if dry_run:
                    plan = make_plan(source, by=None, choices=choices)
                    check_plan(plan)
                else:
                    plan = import_posts(
                        source=source, choices=choices, fetch=_choose_fetch(options)
                    )
        except ImportRefused as error:
            raise CommandError(str(error)) from error
        for post in plan.problem_posts:
            self.stdout.write(f"Left out: {post.place}: {' '.join(post.problems)}")
        self.stdout.write(f"{'Would import' if dry_run else 'Imported'}: {plan.describe()}")

    def _check_kind(self, source):
        if source.kind != self.kind:
            raise ImportRefused(f"{source.name} is a {source.kind}, not a {self.kind}.")


def _choose_fetch(options):
    if not (username := options["fetch_pictures"]):
        return None
    owner = User.objects.filter(username=username).first()
    if owner is None:
        raise ImportRefused(f"There is no account “{username}” to keep pictures for.")
    return partial(fetch_pictures, by=owner)
