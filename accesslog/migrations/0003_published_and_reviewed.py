"""Cosignatures, flags and reviews, and what no code may do to them: cosignatures and signed reviews stay."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

# (name, event, table, refused when, message)
RULES = [
    ("log_cosignature_kept", "DELETE", "log_cosignature", "", "log_cosignature is append-only"),
    ("log_cosignature_fixed", "UPDATE", "log_cosignature", "", "log_cosignature is append-only"),
    ("log_checkpoint_kept", "DELETE", "log_checkpoint", "", "log_checkpoint is append-only"),
    ("log_review_kept", "DELETE", "log_review", "OLD.signed_us IS NOT NULL", "a signed review stays as it is"),
    ("log_review_fixed", "UPDATE", "log_review", "OLD.signed_us IS NOT NULL", "a signed review stays as it is"),
]


def create(apps, schema_editor):
    """The triggers of this database, and the mark of the rules."""
    apps.get_model("accesslog", "FlagMark").objects.using(schema_editor.connection.alias).create(id=1, index=0)
    for name, event, table, when, message in RULES:
        condition = f" WHEN ({when})" if when else ""
        if schema_editor.connection.vendor == "sqlite":
            body = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table}{condition} {body}", params=None)
        else:
            schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW{condition} "
                                  f"EXECUTE FUNCTION accesslog_refuse('{message}')", params=None)  # fmt: skip


class Migration(migrations.Migration):

    dependencies = [
        ('accesslog', '0002_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='FlagMark',
            fields=[
                ('id', models.SmallIntegerField(primary_key=True, serialize=False)),
                ('index', models.BigIntegerField(db_column='entry_index')),
            ],
            options={
                'db_table': 'log_flag_mark',
            },
        ),
        migrations.CreateModel(
            name='Flag',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('index', models.BigIntegerField(db_column='entry_index')),
                ('rule', models.CharField(max_length=64)),
                ('site', models.CharField(blank=True, db_column='site_id', max_length=64)),
                ('actor', models.CharField(blank=True, db_column='actor_id', max_length=64)),
                ('month', models.CharField(max_length=7)),
                ('facts', models.JSONField(default=dict)),
                ('raised_us', models.BigIntegerField()),
            ],
            options={
                'db_table': 'log_flag',
                'indexes': [models.Index(fields=['site', 'month'], name='log_flag_by_site_month')],
                'constraints': [models.UniqueConstraint(fields=('index', 'rule'), name='log_flag_once')],
            },
        ),
        migrations.CreateModel(
            name='LogCosignature',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('size', models.BigIntegerField()),
                ('witness', models.CharField(max_length=200)),
                ('line', models.TextField()),
                ('time_us', models.BigIntegerField()),
            ],
            options={
                'db_table': 'log_cosignature',
                'indexes': [models.Index(fields=['witness', 'size'], name='log_cosignature_by_witness')],
                'constraints': [models.UniqueConstraint(fields=('size', 'witness'), name='log_cosignature_once')],
            },
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('site', models.CharField(db_column='site_id', max_length=64)),
                ('month', models.CharField(max_length=7)),
                ('opened_us', models.BigIntegerField()),
                ('first', models.BigIntegerField()),
                ('end', models.BigIntegerField()),
                ('entries', models.BigIntegerField()),
                ('opened_by', models.CharField(max_length=64)),
                ('signed_by', models.CharField(blank=True, max_length=64)),
                ('signed_us', models.BigIntegerField(null=True)),
                ('signed_entry', models.BigIntegerField(null=True)),
                ('signed_sha256', models.BinaryField(null=True)),
                ('comment_key_id', models.CharField(blank=True, max_length=80)),
                ('comment_sealed', models.BinaryField(null=True)),
            ],
            options={
                'db_table': 'log_review',
                'constraints': [models.UniqueConstraint(fields=('site', 'month'), name='log_review_once')],
            },
        ),
        migrations.CreateModel(
            name='ReviewItem',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('index', models.BigIntegerField(db_column='entry_index')),
                ('actor', models.CharField(blank=True, db_column='actor_id', max_length=64)),
                ('sampled', models.BooleanField(default=False)),
                ('verdict', models.CharField(default='open', max_length=12)),
                ('decided_by', models.CharField(blank=True, max_length=64)),
                ('decided_us', models.BigIntegerField(null=True)),
                ('comment_key_id', models.CharField(blank=True, max_length=80)),
                ('comment_sealed', models.BinaryField(null=True)),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='accesslog.review')),
            ],
            options={
                'db_table': 'log_review_item',
                'constraints': [models.UniqueConstraint(fields=('review', 'index'), name='log_review_item_once')],
            },
        ),
        migrations.RunPython(create, migrations.RunPython.noop, elidable=False),
    ]
