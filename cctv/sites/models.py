"""The register: organisation, sites, zones, cameras, purposes, retention rules."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class Jurisdiction(models.TextChoices):
    """Whose law a site stands under; the profiles are in `sites.jurisdictions`."""

    KR = "KR", _("Republic of Korea")
    JP = "JP", _("Japan")
    EU = "EU", _("European Union")
    UK = "UK", _("United Kingdom")


class Organisation(models.Model):
    """The controller: one per installation."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=160)
    is_public_body = models.BooleanField(_("public body"), default=False)
    contact = models.CharField(_("public contact"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    """A workplace with its own time zone, law and storage place."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="sites")
    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=160)
    address = models.CharField(_("address"), max_length=240, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    jurisdiction = models.CharField(_("jurisdiction"), max_length=2, choices=Jurisdiction)
    storage_place = models.CharField(_("storage place"), max_length=240)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def logged(self) -> dict[str, str]:
        """How the access log names the site; the zone is that of the clocks its entries are told by."""
        return {"id": str(self.pk), "code": self.code, "name": self.name, "zone": self.time_zone}


class ZoneKind(models.TextChoices):
    """What kind of place a camera looks at. The last three may never be filmed (O4)."""

    EXTERIOR = "exterior", _("Exterior")
    ENTRANCE = "entrance", _("Entrance")
    LOBBY = "lobby", _("Lobby")
    CORRIDOR = "corridor", _("Corridor")
    WAREHOUSE = "warehouse", _("Warehouse or work area")
    PARKING = "parking", _("Parking")
    OFFICE = "office", _("Office")
    STORAGE = "storage", _("Store room or cage")
    TOILET = "toilet", _("Toilet")
    BATH = "bath", _("Bath or shower")
    CHANGING = "changing", _("Changing room")


FORBIDDEN_ZONES = (ZoneKind.TOILET, ZoneKind.BATH, ZoneKind.CHANGING)


class Zone(models.Model):
    """A named part of a site."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="zones")
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=20, choices=ZoneKind)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["site", "name"], name="zone_name_once_per_site"),
            models.CheckConstraint(
                condition=~models.Q(kind__in=[kind.value for kind in FORBIDDEN_ZONES]),
                name="zone_not_forbidden",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Purpose(models.Model):
    """Why cameras are run; each viewing states one of its cameras' purposes (O2)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="purposes")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=["organisation", "code"], name="purpose_code_once"),)

    def __str__(self) -> str:
        return self.name


class Openness(models.TextChoices):
    """Whether the public may enter; decides which rights are offered (domain.md, finding 3)."""

    OPEN = "open", _("Open to the public")
    NON_OPEN = "non_open", _("Staff only")


class AudioPolicy(models.TextChoices):
    """Sound is dropped unless the law of the place and the register both allow it (O61)."""

    DROP = "drop", _("Drop the sound")
    KEEP = "keep", _("Keep the sound")


class Camera(models.Model):
    """One device: what it films, why, on which ground, and for how long it is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="cameras")
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="cameras")
    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    location = models.CharField(_("location"), max_length=200)
    openness = models.CharField(_("openness"), max_length=10, choices=Openness, default=Openness.OPEN)
    purposes = models.ManyToManyField(Purpose, related_name="cameras", verbose_name=_("purposes"))
    legal_basis = models.CharField(_("legal basis"), max_length=60)
    scope_text = models.CharField(_("scope of recording"), max_length=300)
    # Recording hours per weekday: [] means round the clock, else [[weekday 0-6, "HH:MM", "HH:MM"], …].
    schedule = models.JSONField(_("recording hours"), default=list, blank=True)
    audio_policy = models.CharField(_("sound"), max_length=5, choices=AudioPolicy, default=AudioPolicy.DROP)
    privacy_masks = models.JSONField(_("privacy masks"), default=list, blank=True)
    clock_offset_ms = models.IntegerField(_("clock offset in ms"), default=0)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=~models.Q(legal_basis=""), name="camera_has_legal_basis"),
        )

    def __str__(self) -> str:
        return self.name


class RetentionRule(models.Model):
    """How long footage is kept, from a moment on. Rules are added, never edited: a history.

    The narrowest scope wins: camera over site over organisation. Exactly one scope is set.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="rules"
    )
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="rules")
    camera = models.ForeignKey(Camera, on_delete=models.PROTECT, null=True, blank=True, related_name="rules")
    effective_from = models.DateTimeField(_("in force from"))
    days = models.PositiveIntegerField(_("days"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    created_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ("effective_from",)
        constraints = (
            models.CheckConstraint(condition=models.Q(days__gte=1, days__lte=3660), name="rule_days_sane"),
            models.CheckConstraint(
                condition=(
                    models.Q(organisation__isnull=False, site__isnull=True, camera__isnull=True)
                    | models.Q(organisation__isnull=True, site__isnull=False, camera__isnull=True)
                    | models.Q(organisation__isnull=True, site__isnull=True, camera__isnull=False)
                ),
                name="rule_one_scope",
            ),
        )

    def __str__(self) -> str:
        return f"{self.days} d"


class DutyHours(models.Model):
    """When the people of a site are on duty, by its clocks; several rows of a day add up.

    With `account` the row is that person's own shift, and the site's rows no longer count for them.
    Minutes since midnight; one that ends at or before its start goes on into the next day.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="duty_hours")
    account = models.ForeignKey("cctv.Account", null=True, on_delete=models.PROTECT, related_name="+")
    weekday = models.PositiveSmallIntegerField()  # 0 is Monday
    starts_minute = models.PositiveSmallIntegerField()
    ends_minute = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("weekday", "starts_minute")
        constraints = (
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="duty_weekday"),
            models.CheckConstraint(
                condition=models.Q(starts_minute__lt=1440, ends_minute__lte=1440), name="duty_minutes"
            ),
        )

    def __str__(self) -> str:
        return f"{self.weekday} {self.starts_minute}-{self.ends_minute}"
