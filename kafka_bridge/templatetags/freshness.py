"""What a page says of its age while events wait to be applied."""

from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kafka_bridge import freshness

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

register = template.Library()


@register.simple_tag
def as_of() -> str:
    """Return as of when the page is, in words, if it is behind; else nothing."""
    since = freshness.behind_since()
    if since is None:
        return ""
    told = {"ago": _age(datetime.now(UTC) - since), "time": _moment(since)}
    said = _("As of %(ago)s ago (%(time)s). Newer changes are recorded, but do not all show yet.")
    return said % told


def _age(age: timedelta) -> str:
    """Return an age in its largest whole unit, from two of them on."""
    if age < 2 * MINUTE:
        return _("%(count)d s") % {"count": age.total_seconds()}
    if age < 2 * HOUR:
        return _("%(count)d min") % {"count": age // MINUTE}
    if age < 2 * DAY:
        return _("%(count)d h") % {"count": age // HOUR}
    return _("%(count)d days") % {"count": age.days}


def _moment(since: datetime) -> str:
    """Return the time of the day, or the date too if that was another day."""
    local = timezone.localtime(since)
    if local.date() == timezone.localdate():
        return date_format(local, "H:i:s")
    return date_format(local, "DATETIME_FORMAT")
