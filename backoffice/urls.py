from django.contrib import admin
from django.urls import include, path

from backoffice import error_pages
from backoffice.bodies import refuse_request
from backoffice.health.views import healthz, metrics, readyz
from weblog import views

handler400 = refuse_request
handler403 = error_pages.page_forbidden
handler404 = error_pages.page_not_found(views.page_not_found)
handler500 = error_pages.server_error(views.server_error)

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("admin/", include("backoffice.accounts.urls")),
    path("admin/", admin.site.urls),
    path("", include("weblog.urls")),
]
