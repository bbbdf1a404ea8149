from weblog.management.importing import ImportCommand


class Command(ImportCommand):
    help = (
        "Import the posts of a WordPress export; pages, attachments and menus are left out. "
        "A post that was imported before stays as it is here."
    )
    kind = "WordPress export"
    path_help = "A WordPress export (WXR 1.0 to 1.2)."
