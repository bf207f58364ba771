"""Addresses of the shop."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

import catalog.urls
from customers.views import buying
from shopsite import dashboard, learning, views

# A product's page is the catalog's, but one buys there: so it is made by the customers' app.
products = [
    *catalog.urls.urlpatterns,
    path("<any:product_id>/", buying.product, name="product"),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="catalog:products")),
    path("products/", include((products, catalog.urls.app_name))),
    path("", include("customers.urls")),
    path("admin/dashboard/", admin.site.admin_view(dashboard.page), name="dashboard"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("docs/events/", include("kafka_bridge.urls")),
    path("what-just-happened/", learning.page, name="learning"),
    path("what-just-happened/code/<path:name>", learning.code, name="learning-code"),
    path("favicon.ico", views.favicon),
    path("health/live", views.live),
    path("health/ready", views.ready),
]
