"""Addresses of the shop."""

from django.contrib import admin
from django.urls import include, path

from shopsite import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("health/live", views.live),
    path("health/ready", views.ready),
]
