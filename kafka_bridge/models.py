"""What the event path itself keeps in MongoDB."""

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_mongodb_backend.fields import ArrayField

from kafka_bridge.registry import reasons


class Projection(models.Model):
    """Base of every model that events alone may change: `manage.py consume` writes it.

    `personal` names the fields that tell of a person: the admin masks them.
    """

    personal: ClassVar[frozenset[str]] = frozenset()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: what stands here comes from the log. Raises `TypeError`."""
        raise TypeError(f"{type(self).__name__} is a projection: publish an event instead")

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse, as `save` does. Raises `TypeError`."""
        raise TypeError(f"{type(self).__name__} is a projection: publish an event instead")


class Receipt(Projection):
    """What became of one event. Its key is the event's id, so an event has one effect at most."""

    class Status(models.TextChoices):
        APPLIED = "applied", _("applied")
        REJECTED = "rejected", _("rejected")

    id = models.CharField(_("event id"), db_column="_id", primary_key=True, max_length=128)
    type = models.CharField(_("event type"), max_length=128)
    key = models.CharField(_("key"), max_length=128)
    source = models.CharField(_("source"), max_length=128)
    status = models.CharField(_("outcome"), max_length=8, choices=Status)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    detail = models.JSONField(_("details"), default=dict)
    partition = models.IntegerField(_("partition"))
    offset = models.BigIntegerField(_("offset"))
    happened_at = models.DateTimeField(_("happened"))
    applied_at = models.DateTimeField(_("applied"))

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        indexes = [
            models.Index(fields=["-applied_at", "-id"], name="receipt_newest"),
            models.Index(fields=["key", "happened_at"], name="receipt_timeline"),
            # Rejections are few: the others cost these indexes nothing.
            models.Index(
                fields=["status", "-applied_at", "-id"],
                name="receipt_rejected",
                condition=models.Q(status="rejected"),
            ),
            models.Index(
                fields=["status", "reason", "-applied_at", "-id"],
                name="receipt_reason",
                condition=models.Q(status="rejected"),
            ),
        ]
        permissions = [("view_personal_data", "Can see personal data")]

    def __str__(self) -> str:
        return self.id

    @property
    def applied(self) -> bool:
        """Whether the event had its effect."""
        return self.status == self.Status.APPLIED

    @property
    def explanation(self) -> str:
        """Why the event was rejected, in the reader's language; empty if it was applied."""
        if not self.reason:
            return ""
        return str(reasons.get(self.reason, gettext("rejected: %(reason)s"))) % {
            "reason": self.reason,
            **self.detail,
        }


class Offset(models.Model):
    """Where a consumer group goes on in one partition of one log."""

    id = models.CharField(db_column="_id", primary_key=True, max_length=300)
    group = models.CharField(_("consumer group"), max_length=100)
    log = models.CharField(_("log"), max_length=200)
    partition = models.IntegerField(_("partition"))
    partitions = models.IntegerField(_("partitions of the log"))
    next = models.BigIntegerField(_("next offset"))
    session = models.BinaryField(null=True)
    consumer = models.CharField(_("consumer"), max_length=200)

    class Meta:
        verbose_name = _("offset")
        verbose_name_plural = _("offsets")

    def __str__(self) -> str:
        return self.id


class Claims(models.Model):
    """The sessions that last claimed partitions of a log, each with the partitions' numbers."""

    id = models.CharField(db_column="_id", primary_key=True, max_length=300)
    claims = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.id


class DeadLetter(models.Model):
    """A message that could not be applied, as it came, with the reason."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        APPLIED = "applied", _("applied")
        REJECTED = "rejected", _("rejected")
        DISCARDED = "discarded", _("discarded")

    id = models.CharField(db_column="_id", primary_key=True, max_length=300)
    log = models.CharField(_("log"), max_length=200)
    partition = models.IntegerField(_("partition"))
    offset = models.BigIntegerField(_("offset"))
    key = models.BinaryField(_("key"), null=True)
    value = models.BinaryField(_("value"), null=True)
    headers = models.JSONField(_("headers"), default=list)
    event_id = models.CharField(_("event id"), max_length=128, blank=True)
    type = models.CharField(_("event type"), max_length=128, blank=True)
    error = models.CharField(_("error"), max_length=1000)
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.OPEN)
    published_at = models.DateTimeField(_("published"))
    failed_at = models.DateTimeField(_("failed"))
    resolved_by = models.CharField(_("resolved by"), max_length=150, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True)

    class Meta:
        verbose_name = _("dead letter")
        verbose_name_plural = _("dead letters")
        indexes = [
            models.Index(fields=["status", "log", "partition", "offset"], name="deadletter_open"),
            models.Index(fields=["-failed_at", "-id"], name="deadletter_newest"),
            models.Index(fields=["status", "-failed_at", "-id"], name="deadletter_status"),
            models.Index(fields=["event_id"], name="deadletter_event"),
        ]

    def __str__(self) -> str:
        return self.id


class Heartbeat(models.Model):
    """The last sign of life of one consumer; it is taken away when a consumer ends as it should."""

    id = models.CharField(db_column="_id", primary_key=True, max_length=300)
    group = models.CharField(_("consumer group"), max_length=100)
    consumer = models.CharField(_("consumer"), max_length=200)
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    partitions = ArrayField(models.IntegerField())
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.id
