"""Addresses of customers' pages. A product's page is named by `shopsite.urls`."""

from django.urls import path

from customers.views import (
    basket,
    buying,
    change,
    checkout,
    invitation,
    password,
    profile,
    purchases,
    registration,
    session,
)

app_name = "customers"
urlpatterns = [
    path("register/", registration.register, name="register"),
    path("register/<uuid:event_id>/", registration.pending, name="registration"),
    path("log-in/", session.log_in, name="log-in"),
    path("log-out/", session.log_out, name="log-out"),
    path("invitation/<str:who>/<str:link>/", invitation.invitation, name="invitation"),
    path("invitation/<uuid:event_id>/", invitation.pending, name="invitation-pending"),
    path("profile/", profile.profile, name="profile"),
    path("profile/change/", change.change, name="change"),
    path("profile/change/<uuid:event_id>/", change.pending, name="change-pending"),
    path("profile/password/", password.password, name="password"),
    path("profile/password/<uuid:event_id>/", password.pending, name="password-pending"),
    path("profile/my-data.json", profile.download, name="download"),
    path("basket/", basket.contents, name="basket"),
    path("check-out/", checkout.check_out, name="check-out"),
    path("orders/<uuid:order_id>/", checkout.order, name="order"),
    path("purchases/", purchases.purchases, name="purchases"),
    path("purchases/seen/", purchases.seen, name="seen"),
    path("purchases/<str:token>/<any:product_id>/", buying.pending, name="purchase"),
]
