"""The segments of a camera's hour are asked for each hour, by their coming."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cctv", "0005_ledger_ends")]

    operations = [
        migrations.AddIndex(
            model_name="segment",
            index=models.Index(fields=["camera", "ingested_at"], name="segment_by_hour"),
        )
    ]
