"""Addresses of the event contract."""

from django.urls import path

from kafka_bridge import views

app_name = "contract"

urlpatterns = [
    path("", views.events, name="events"),
    path("<str:name>", views.file, name="file"),
]
