from django.apps import AppConfig


class WeblogConfig(AppConfig):
    name = "weblog"
    verbose_name = "Weblog"

    def ready(self):
        from backoffice.accounts.extracts import register_extract
        from backoffice.palette import register_finder
        from weblog import folding, home, mails, palette, trail
        from weblog.personal import EXTRACTS

        for name, list_rows in EXTRACTS.items():
            register_extract(name, list_rows)
        folding.connect()
        home.offer_home()
        mails.register_kinds()
        register_finder("weblog.blogs", palette.find_blogs, order=60)
        register_finder("weblog.categories", palette.find_categories, order=50)
        register_finder("weblog.people", palette.find_people, order=55)
        trail.offer_trail()
