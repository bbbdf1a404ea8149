from weblog.management.importing import ImportCommand


class Command(ImportCommand):
    help = (
        "Import Markdown files with front matter, as Jekyll, Hugo and Eleventy keep them. "
        "A file that was imported before stays as it is here."
    )
    kind = "Markdown"
    path_help = "A folder of .md files with front matter, or a zip of one."
