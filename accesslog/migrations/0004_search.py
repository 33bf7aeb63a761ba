"""Footage by buckets of its start instead of by length classes: a page of any span comes ready in order."""

from django.db import migrations, models

BUCKET = models.F("footage_from_us").bitrightshift(40)
SPAN = ("index", "footage_from_us", "footage_to_us")


class Migration(migrations.Migration):

    dependencies = [
        ("accesslog", "0003_published_and_reviewed"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="logindex", name="log_index_by_camera_footage"),
        migrations.RemoveIndex(model_name="logindex", name="log_index_by_footage"),
        migrations.AddIndex(
            model_name="logindex",
            index=models.Index(
                fields=["actor", "site", "index"], name="log_index_by_actor_site",
                condition=models.Q(actor__isnull=False),
            ),
        ),
        migrations.AddIndex(
            model_name="logindex",
            index=models.Index(
                "camera", BUCKET, *SPAN, name="log_index_by_camera_bucket",
                condition=models.Q(span_class__lt=4, camera__isnull=False),
            ),
        ),
        migrations.AddIndex(
            model_name="logindex",
            index=models.Index(
                BUCKET, *SPAN, name="log_index_by_bucket", condition=models.Q(span_class__lt=4)
            ),
        ),
        migrations.AddIndex(
            model_name="logindex",
            index=models.Index(
                *SPAN, name="log_index_by_long_span", condition=models.Q(span_class__gte=4)
            ),
        ),
        migrations.AddIndex(
            model_name="logindex",
            index=models.Index(
                "camera", *SPAN, name="log_index_by_camera_long",
                condition=models.Q(span_class__gte=4, camera__isnull=False),
            ),
        ),
    ]
