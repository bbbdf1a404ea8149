from django.apps import AppConfig


class WeblogConfig(AppConfig):
    name = "weblog"
    verbose_name = "Weblog"

    def ready(self):
        from backoffice.accounts.extracts import register_extract
        from weblog import folding, home, mails
        from weblog.personal import EXTRACTS

        for name, list_rows in EXTRACTS.items():
            register_extract(name, list_rows)
        folding.connect()
        home.offer_home()
        mails.register_kinds()
