from weblog.management.importing import ImportCommand


class Command(ImportCommand):
    help = (
        "Import the posts of a Ghost export; pages are left out. A post that was imported before "
        "stays as it is here."
    )
    kind = "Ghost export"
    path_help = "A Ghost export (JSON)."
