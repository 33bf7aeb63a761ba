"""What the pages of accounts and roles ask for."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cctv.people.policy import Permissions
from cctv.people.selectors import GRANT, grantable_roles, grantable_sites


class AccountForm(forms.Form):
    """A new account."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("The person's own name: one person, one account.")
    )
    email = forms.EmailField(label=_("E-mail address"), help_text=_("They sign in with it."))
    employer = forms.CharField(
        label=_("Employer"), max_length=120, help_text=_("For guards the contractor. The log shows it.")
    )
    title = forms.CharField(label=_("Title"), max_length=120, required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("", _("As their browser says")), *settings.LANGUAGES],
        required=False,
    )


class AccountChangeForm(AccountForm):
    """What of an account can change: not the address, which the person signs in with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Without the address and the language, which is the person's own choice."""
        super().__init__(*args, **kwargs)
        del self.fields["email"], self.fields["language"]


class GrantForm(forms.Form):
    """A role at a site, perhaps with a last day."""

    EVERYWHERE = "*"

    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)
    site = forms.ChoiceField(label=_("Where"))
    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        help_text=_("The role ends by itself after this day. Empty means until it is taken back."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, permissions: Permissions, **kwargs: Any) -> None:
        """The choices are what the acting person may give."""
        super().__init__(*args, **kwargs)
        self.sites = {site.code: site for site in grantable_sites(permissions)}
        role, site = self.fields["role"], self.fields["site"]
        assert isinstance(role, forms.ChoiceField)
        assert isinstance(site, forms.ChoiceField)
        role.choices = grantable_roles(permissions)
        places = [(code, row.name) for code, row in self.sites.items()]
        if permissions.everywhere(GRANT):
            places.append((self.EVERYWHERE, _("All sites, also later ones")))
        site.choices = [("", "–"), *places]

    def values(self) -> dict[str, Any]:
        """The fields of the service: role, site and the moment at which it ends."""
        site = self.sites.get(self.cleaned_data["site"])
        day: date | None = self.cleaned_data["last_day"]
        until = None
        if day is not None:
            zone = ZoneInfo(site.time_zone if site else "UTC")
            until = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
        return {"role": self.cleaned_data["role"], "site": site, "valid_until": until}
