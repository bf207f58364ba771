from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kafka_bridge", "0003_orders_of_the_operator"),
    ]

    operations = [
        migrations.CreateModel(
            name="Claims",
            fields=[
                (
                    "id",
                    models.CharField(
                        db_column="_id", max_length=300, primary_key=True, serialize=False
                    ),
                ),
                ("claims", models.JSONField()),
            ],
            options={"default_permissions": ()},
        ),
    ]
