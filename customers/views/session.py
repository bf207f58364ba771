"""Logging in and out."""

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from customers.forms import LogInForm

log_in = LoginView.as_view(template_name="customers/log_in.html", authentication_form=LogInForm)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def log_out(request: HttpRequest) -> HttpResponse:
    """Log out by POST; whoever comes by a link is asked first, since links must change nothing."""
    if request.method != "POST":
        return render(request, "customers/log_out.html")
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)
