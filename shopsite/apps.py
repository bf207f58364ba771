"""The site, and Django's own apps with the key type that MongoDB wants."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.apps import AuthConfig
from django.contrib.contenttypes.apps import ContentTypesConfig
from django.utils.translation import gettext_lazy as _

OBJECT_ID = "django_mongodb_backend.fields.ObjectIdAutoField"


class SiteConfig(AppConfig):
    name = "shopsite"
    verbose_name = _("Operators")
    default_auto_field = OBJECT_ID


class ShopAdminConfig(AdminConfig):
    default_auto_field = OBJECT_ID


class ShopAuthConfig(AuthConfig):
    default_auto_field = OBJECT_ID


class ShopContentTypesConfig(ContentTypesConfig):
    default_auto_field = OBJECT_ID
