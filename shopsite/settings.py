"""Settings of the shop. `.env.example` explains every variable that is read here.

Servers that no variable names are looked up in `.local/services.json`, which
`manage.py services` writes: so a command in a second terminal finds them.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

from kafka_bridge.local import announcement

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = Path(os.environ.get("LOCAL_DIR", BASE_DIR / ".local"))

env = environ.Env()
env.read_env(BASE_DIR / ".env")
local_services = announcement.read(LOCAL_DIR)


def secret(name: str) -> str:
    """A secret from the environment; outside production one made once and kept in `.local`."""
    if name in env.ENVIRON:
        # As it stands: `env.str` would take a secret that begins with "$" for a variable's name.
        return str(env.ENVIRON[name])
    if PRODUCTION:
        raise ImproperlyConfigured(f"Set the {name} environment variable: see .env.example.")
    file = LOCAL_DIR / name.lower()
    if not file.exists():
        LOCAL_DIR.mkdir(parents=True, exist_ok=True)
        made = LOCAL_DIR / f"{name.lower()}.{os.getpid()}"
        made.touch(mode=0o600)
        made.write_text(get_random_secret_key())
        # Of processes that start at once one makes the secret, and none reads half of it.
        with suppress(FileExistsError):
            os.link(made, file)
        made.unlink()
    return file.read_text()


PRODUCTION: bool = env.bool("PRODUCTION", default=False)
DEBUG: bool = env.bool("DEBUG", default=False)
LEARNING_PAGE = not PRODUCTION  # "What just happened": what it shows is kept in sessions
SECRET_KEY = secret("SECRET_KEY")
# Customer ids are computed with it, so it must never change: see docs/decisions.
CUSTOMER_ID_KEY = secret("CUSTOMER_ID_KEY")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# The event path.
KAFKA_BOOTSTRAP_SERVERS: str = env.str(
    "KAFKA_BOOTSTRAP_SERVERS",
    default=local_services.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"),
)
KAFKA_TOPIC: str = env.str("KAFKA_TOPIC", default="shop.events")
KAFKA_REPLICATION: int = env.int("KAFKA_REPLICATION", default=1)
KAFKA_GROUP: str = env.str("KAFKA_GROUP", default="shop")
MONGODB_URI: str = env.str(
    "MONGODB_URI",
    default=local_services.get("MONGODB_URI", "mongodb://127.0.0.1:27017/"),
)
MONGODB_NAME: str = env.str("MONGODB_NAME", default="shop")
CURRENCY = "PLN"
EVENT_SOURCE = "/shop"

INSTALLED_APPS = [
    "shopsite.apps.SiteConfig",  # before the admin, whose frame it dresses in the shop's colours
    "shopsite.apps.ShopAdminConfig",
    "shopsite.apps.ShopAuthConfig",
    "shopsite.apps.ShopContentTypesConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_mongodb_backend",
    "django_htmx",
    "kafka_bridge",
    "catalog",
    "customers",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "shopsite.middleware.journaling",
    "shopsite.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "shopsite.middleware.utf8_only",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "customers.passwords.StayLoggedIn",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "shopsite.urls"
WSGI_APPLICATION = "shopsite.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

MONGODB_OPTIONS: dict[str, Any] = {
    # A page answers "not now" in words within 5 seconds of MongoDB's going away.
    "serverSelectionTimeoutMS": 3000,
    "connectTimeoutMS": 2000,
    "socketTimeoutMS": 20000,
}
DATABASES = {
    "default": {
        "ENGINE": "shopsite.engine",
        "HOST": MONGODB_URI,
        "NAME": MONGODB_NAME,
        "OPTIONS": MONGODB_OPTIONS,
    },
}
DATABASE_ROUTERS = ["django_mongodb_backend.routers.MongoRouter"]
DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
# Django's own apps bring migrations with integer keys; these are theirs with ObjectId keys.
MIGRATION_MODULES = {
    "admin": "shopsite.migrations.admin",
    "auth": "shopsite.migrations.auth",
    "contenttypes": "shopsite.migrations.contenttypes",
    "shopsite": "shopsite.migrations.shopsite",
}

AUTH_USER_MODEL = "shopsite.Operator"
AUTHENTICATION_BACKENDS = [
    "shopsite.auth.OperatorBackend",
    "customers.auth.CustomerBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "customers:log-in"
LOGIN_REDIRECT_URL = "catalog:products"
LOGOUT_REDIRECT_URL = "catalog:products"

LANGUAGE_CODE = "pl"
LANGUAGES = [("pl", _("Polish")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "shopsite" / "locale"]
TIME_ZONE = "Europe/Warsaw"
USE_TZ = True

STATIC_URL = "static/"
# Outside production files are served from where they lie.
STATIC_ROOT = BASE_DIR / "staticfiles" if PRODUCTION else None
STORAGES = {
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION

# Security: the deployment checklist. TLS=false is for trying production settings on one machine.
TLS: bool = env.bool("TLS", default=PRODUCTION)
SECURE_SSL_REDIRECT = TLS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = TLS
SECURE_HSTS_PRELOAD = TLS
SESSION_COOKIE_SECURE = TLS
CSRF_COOKIE_SECURE = TLS
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "shopsite.views.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Its INFO lines repeat each command with its documents: personal data.
        "pymongo": {"level": "WARNING"},
    },
}
